# Runs a short program that ends with the connection: tether.sh PROGRAM [ARGUMENT]...
# If the input ends first, ends the program and all processes it started, by force if necessary. Unlike the lease, it
# starts nothing that could outlive it: in a debugger with a target container, the target's main process would inherit
# such a process as a zombie.
exec 3<&0 </dev/null
# Printed first, because on a busy node the client waits long for the command to start.
echo 'netdebug: started' >&2
"$@" 3<&- &
program=$!

. ./processTree.sh

{
  while read -r _; do :; done <&3
  # If it were ended while it sleeps, that sleep would be left behind.
  trap '' TERM
  tree=
  tree_of "$program"
  # shellcheck disable=SC2086 # word splitting is intended
  kill $tree
  tries=5
  # shellcheck disable=SC2086 # word splitting is intended
  while is_any_running $tree && [ "$tries" -gt 0 ]; do
    tries=$((tries - 1))
    sleep 0.2 || sleep 1
    grow_tree
  done
  kill_tree
} >/dev/null 2>&1 &
watcher=$!
exec 3<&-
wait "$program"
status=$?
kill "$watcher" 2>/dev/null
wait "$watcher" 2>/dev/null
exit "$status"
