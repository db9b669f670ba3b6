# Starts what a user wants to run: start.sh MARK GUARD TERM INPUT [PROGRAM [ARGUMENT]...]
#
# MARK goes into the environment: by it guard.sh, whose process is GUARD, finds the program and all that it
# starts. We wait for the program and tell the guard that it has ended: what it leaves behind may hold its
# output open, and its exit status is known only when that is closed. TERM is that of the user's terminal,
# or empty. INPUT says what comes on our input: nothing (none), the program's own (stream), or that in
# frames, where the protocol cannot tell its end: a line with a size, that number of bytes, and so on until a size
# of 0. Without a PROGRAM it is a shell.
feed() {
  # dd reads exactly the given number of bytes, and read takes one at a time.
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
# Ctrl-C is for the program: the exit status is passed on here.
trap : INT QUIT
# Shells tell of a program that a signal has ended, which is not its own output.
exec 4>&2 2>/dev/null
# By exec, so that no program is taken for a command of the shell itself.
case $input in
  none) (exec "$@") </dev/null 2>&4 4>&- ;;
  stream) (exec "$@") 2>&4 4>&- ;;
  frames)
    exec 3<&0
    # In the background of the left side, so that nothing but the program is waited for.
    { feed <&3 3<&- 4>&- & } | (exec "$@") 3<&- 2>&4 4>&-
    ;;
esac
status=$?
kill -USR2 "$guard"
exit "$status"
