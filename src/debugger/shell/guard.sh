# Guards a program that a user runs in the debugger: guard.sh MARK
#
# Runs under a lease in a separate exec, because neither a terminal nor a data stream can carry a heartbeat. It acts on
# all processes with MARK in their environment. USR1 interrupts them. When the guard itself ends, they get HUP first, as
# if their terminal were closed, and are killed a second later. USR2 means that the program has ended: processes it left
# behind would keep its output open, so they are ended a second later.
mark=NETDEBUG_SHELL=$1

if ! command -v grep >/dev/null 2>&1; then
  echo 'the image has no grep' >&2
  exit 1
fi

# The shell's own read takes a byte at a time, which would need many seconds on a node with many processes. Not grep -F:
# some builds of busybox then search only the first word of an environment.
signal_marked() {
  grep -l "$mark" /proc/[0-9]*/environ 2>/dev/null | while IFS=/ read -r _ _ process _; do
    for signal; do kill "-$signal" "$process" 2>/dev/null; done
  done
}

# The lease waits no longer than a second for this process, and the last program may still be starting.
end() {
  trap '' TERM USR1 USR2
  {
    signal_marked HUP CONT
    for _ in 1 2 3 4; do
      sleep 1
      signal_marked KILL
    done
  } </dev/null >/dev/null 2>&1 &
  exit 0
}

# In any shell, a signal just before a wait does not end that wait, so the wait is short.
nap() {
  sleep 1 >/dev/null 2>&1 &
  wait "$!"
}

word=
trap 'word=end' TERM
trap 'word=interrupt' USR1
trap 'word=ended' USR2
echo "ready $$"
while :; do
  case $word in
    end) end ;;
    ended)
      word=end
      nap
      ;;
    interrupt)
      word=
      signal_marked INT
      ;;
    *) nap ;;
  esac
done
