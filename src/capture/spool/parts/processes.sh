# Processes by their numbers: when they began, and how they end.

# Ends a process and all that descends from it: what ignores TERM for a second is killed. An image's
# engine may be a script, which leaves what it started to others when it is ended.
end_tree() {
  tree=
  tree_of "$1"
  # shellcheck disable=SC2086 # words are wanted
  kill -TERM $tree 2>/dev/null
  tries=10
  [ "$moment" = 0.1 ] || tries=2
  # shellcheck disable=SC2086 # words are wanted
  while is_any_running $tree && [ "$tries" -gt 0 ]; do
    tries=$((tries - 1))
    nap "$moment"
    # An engine that is a script may have started its program meanwhile.
    grow_tree
    # A child that has not yet become its program still has the signal handlers of this shell, and forgets
    # what it got.
    # shellcheck disable=SC2086 # words are wanted
    kill -TERM $tree 2>/dev/null
  done
  kill_tree
}

birth() {
  # The name in the second word may hold spaces; what comes behind it does not.
  birth=
  read -r line 2>/dev/null <"/proc/$1/stat" || return 1
  # shellcheck disable=SC2086 # words are wanted
  set -- ${line##*) }
  shift 19
  birth=$1
}
