# Runs a short program that ends with the connection: tether.sh PROGRAM [ARGUMENT]...
# When input ends before it does, it is ended. Unlike the lease it starts nothing that could
# outlive it: in a targeted debugger the target's main process would inherit that, as a zombie.
exec 3<&0 </dev/null
"$@" 3<&- &
program=$!
{
  while read -r _; do :; done <&3
  kill "$program" 2>/dev/null
} >/dev/null 2>&1 &
watcher=$!
exec 3<&-
wait "$program"
status=$?
kill "$watcher" 2>/dev/null
wait "$watcher" 2>/dev/null
exit "$status"
