# Watches over what a user runs in the debugger: guard.sh MARK
#
# Runs under a lease, in an exec of its own: a terminal has no room for a beat, nor has a stream of
# data. Everything that was started with MARK in its environment is interrupted by USR1, and ended with
# us: hung up first, as by a terminal that is closed, and killed a second later.
mark=NETDEBUG_SHELL=$1

signal_marked() {
  for process in /proc/[0-9]*; do
    # The words of an environment have no line feeds between them, but may have some in them.
    while IFS= read -r line || [ -n "$line" ]; do
      case $line in
        *"$mark"*)
          kill "-$1" "${process#/proc/}"
          break
          ;;
      esac
    done <"$process/environ"
  done 2>/dev/null
}

end() {
  trap '' TERM USR1
  kill "$nap" 2>/dev/null
  # The lease waits for us no longer than a second; what was asked for last may still be starting.
  {
    signal_marked HUP
    signal_marked CONT
    for _ in 1 2 3 4; do
      sleep 1
      signal_marked KILL
    done
  } </dev/null >/dev/null 2>&1 &
  exit 0
}

nap=
trap end TERM
trap 'signal_marked INT' USR1
echo ready
while :; do
  sleep 10 >/dev/null 2>&1 &
  nap=$!
  wait "$nap"
done
