# Watches over what a user runs in the debugger: guard.sh MARK
#
# Runs under a lease, in an exec of its own: a terminal has no room for a beat, nor has a stream of
# data. Everything that was started with MARK in its environment is interrupted by USR1, and ended with
# us: hung up first, as by a terminal that is closed, and killed a second later. USR2 says that the program
# itself has ended: a second later what it has left behind is ended too, which would hold its output open.
mark=NETDEBUG_SHELL=$1

if ! command -v grep >/dev/null 2>&1; then
  echo 'the image has no grep' >&2
  exit 1
fi

# The shell itself reads a byte at a time, many seconds on a node with many processes. Without -F, with which
# some builds of busybox look no further than the first word of an environment.
signal_marked() {
  grep -l "$mark" /proc/[0-9]*/environ 2>/dev/null | while IFS=/ read -r _ _ process _; do
    for signal; do kill "-$signal" "$process" 2>/dev/null; done
  done
}

# The lease waits for us no longer than a second; the last program may still be starting.
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

# A signal that comes just before a wait does not end it, in any shell: so it is a short one.
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
