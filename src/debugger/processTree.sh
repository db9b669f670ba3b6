# A process and its descendants. An image's program may be a script whose children keep running when it is ended.

# Adds $1 and its descendants to `tree`, unless $1 is already there.
tree_of() {
  case "$tree " in *" $1 "*) return ;; esac
  tree="$tree $1" children=
  # The line has no newline at its end, so read fails although it reads the line.
  read -r children 2>/dev/null <"/proc/$1/task/$1/children"
  for descendant in $children; do tree_of "$descendant"; done
}

# Adds processes that the processes of `tree` have started since.
grow_tree() {
  previous_tree=$tree tree=
  for process in $previous_tree; do tree_of "$process"; done
}

# Kills the processes of `tree` and their children. Stops them first, because stopped processes start no others.
kill_tree() {
  stopped_tree=
  while [ "$tree" != "$stopped_tree" ]; do
    stopped_tree=$tree
    # shellcheck disable=SC2086 # word splitting is intended
    kill -STOP $tree 2>/dev/null
    # shellcheck disable=SC2086 # word splitting is intended
    for process in $tree; do await_stop "$process"; done
    grow_tree
  done
  # shellcheck disable=SC2086 # word splitting is intended
  kill -KILL $tree 2>/dev/null
}

# Waits, at most 1 s, until the process $1 has stopped or ended. A process that is forking stops only when the fork is
# complete and the new child is listed.
await_stop() {
  pauses=100
  while [ "$pauses" -gt 0 ] && read -r line 2>/dev/null <"/proc/$1/stat"; do
    # The state follows the name, which may contain spaces and brackets.
    case ${line##*) } in [TtZX]*) return ;; esac
    pauses=$((pauses - 1))
    sleep 0.01 2>/dev/null
  done
}

is_any_running() {
  for process; do
    kill -0 "$process" 2>/dev/null && return
  done
  return 1
}

# Whether $1 has a handler for USR1, which would otherwise end it. The mask of caught signals is hexadecimal; USR1 is
# its tenth bit.
catches_usr1() {
  while read -r name mask; do
    case $name$mask in SigCgt:*[2367abef]??) return ;; esac
  done 2>/dev/null <"/proc/$1/status"
  return 1
}
