# Watches over what a user runs in the debugger: guard.sh MARK
#
# Runs under a lease, in an exec of its own: a terminal has no room for a beat, nor has a stream of
# data. Everything that was started with MARK in its environment is interrupted by USR1, and ended with
# us: hung up first, as by a terminal that is closed, and killed a second later. Once interrupted, the
# program takes with it what it leaves behind: jobs in the background of a script ignore an interrupt,
# and would hold its output open.
mark=NETDEBUG_SHELL=$1
program=

signal_marked() {
  for process in /proc/[0-9]*; do
    # The words of an environment have no line feeds between them, but may have some in them.
    while IFS= read -r line || [ -n "$line" ]; do
      case $line in
        *"$mark:"*)
          program=${line#*"$mark:"}
          program=${program%%;*}
          for signal; do kill "-$signal" "${process#/proc/}"; done
          break
          ;;
      esac
    done <"$process/environ"
  done 2>/dev/null
}

# The lease waits for us no longer than a second; what was asked for last may still be starting.
end() {
  trap '' TERM USR1
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
word=
trap 'word=end' TERM
trap 'word=interrupt' USR1
echo ready
while :; do
  case $word in
    end) end ;;
    interrupt)
      word=watch
      signal_marked INT
      ;;
    *)
      if [ "$word" = watch ] && [ -n "$program" ] && [ ! -d "/proc/$program" ]; then end; fi
      sleep 1 >/dev/null 2>&1 &
      wait "$!"
      ;;
  esac
done
