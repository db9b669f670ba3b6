# Starts a program for a user: start.sh MARK GUARD TERM INPUT [PROGRAM [ARGUMENT]...]
#
# MARK goes into the environment, where guard.sh, whose process is GUARD, finds the program and all processes it starts.
# This script waits for the program and tells the guard when it has ended: processes it left behind may keep its output
# open, and the exit status is reported only after the output is closed. TERM is the type of the user's terminal, or
# empty. INPUT says what arrives on standard input: nothing (none), the program's input (stream), or the program's
# input in frames (frames), for protocols that cannot signal its end. A frame is a line with a size, then that number of
# bytes; a size of 0 ends the input. Without PROGRAM, starts a shell.
feed() {
  # dd reads exactly the given number of bytes, and read takes one byte at a time.
  while IFS= read -r size && [ "$size" -gt 0 ]; do
    dd bs="$size" count=1 iflag=fullblock 2>/dev/null || break
  done
}

export NETDEBUG_SHELL="$1"
guard=$2
if [ -n "$3" ]; then export TERM="$3"; fi
input=$4
shift 4
if [ $# -eq 0 ]; then
  if command -v bash >/dev/null 2>&1; then set -- bash; else set -- sh; fi
fi
if [ "$input" = frames ] && ! command -v dd >/dev/null 2>&1; then
  echo 'the image has no dd, which standard input needs with this cluster (exec protocol v4)' >&2
  exit 127
fi
# Ctrl-C is for the program. This shell must stay to pass on the exit status.
trap : INT QUIT
# Shells report a program that was ended by a signal; that message is not the program's output.
exec 4>&2 2>/dev/null
# With exec, so that no program is mistaken for a shell builtin.
case $input in
  none) (exec "$@") </dev/null 2>&4 4>&- ;;
  stream) (exec "$@") 2>&4 4>&- ;;
  frames)
    exec 3<&0
    # In the background of the left side, so that the shell waits only for the program.
    { feed <&3 3<&- 4>&- & } | (exec "$@") 3<&- 2>&4 4>&-
    ;;
esac
status=$?
kill -USR2 "$guard"
exit "$status"
