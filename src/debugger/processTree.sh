# A process and all that descends from it. An image's program may be a script, which leaves what it started to
# others when it is ended.

# Adds $1 and all that descends from it to `tree`, unless it is there.
tree_of() {
  case "$tree " in *" $1 "*) return ;; esac
  tree="$tree $1" offspring=
  # The line has no end, so read fails although it reads it.
  read -r offspring 2>/dev/null <"/proc/$1/task/$1/children"
  for descendant in $offspring; do tree_of "$descendant"; done
}

# Adds what the processes of `tree` have started since.
grow_tree() {
  known=$tree tree=
  for process in $known; do tree_of "$process"; done
}

# Kills the processes of `tree`, and what they have started: stopped ones start nothing more.
kill_tree() {
  stopped=
  while [ "$tree" != "$stopped" ]; do
    stopped=$tree
    # shellcheck disable=SC2086 # words are wanted
    kill -STOP $tree 2>/dev/null
    grow_tree
  done
  # shellcheck disable=SC2086 # words are wanted
  kill -KILL $tree 2>/dev/null
}

is_any_running() {
  for process; do
    kill -0 "$process" 2>/dev/null && return
  done
  return 1
}

# Whether $1 has a handler for USR1, which would end it otherwise. The mask of caught signals is in hexadecimal;
# USR1 is its tenth bit.
catches_usr1() {
  while read -r name mask; do
    case $name$mask in SigCgt:*[2367abef]??) return ;; esac
  done 2>/dev/null <"/proc/$1/status"
  return 1
}
