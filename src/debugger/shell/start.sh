# Starts what a user wants to run: start.sh MARK TERM INPUT [PROGRAM [ARGUMENT]...]
#
# MARK goes into the environment with our process id, which the program keeps or which waits for it:
# by these guard.sh finds the program and all that it starts. TERM is
# that of the user's terminal, or empty. INPUT says what comes on our input: nothing (none), the
# program's own (stream), or that in frames, where the protocol cannot tell its end: a line with a size,
# so many bytes, and so on until a size of 0. Without a PROGRAM it is a shell.
feed() {
  # dd takes no byte more than it is told to, and read takes one at a time.
  while IFS= read -r size && [ "$size" -gt 0 ]; do
    dd bs="$size" count=1 iflag=fullblock 2>/dev/null || break
  done
}

export NETDEBUG_SHELL="$1:$$;"
if [ -n "$2" ]; then export TERM="$2"; fi
input=$3
shift 3
if [ $# -eq 0 ]; then
  if command -v bash >/dev/null 2>&1; then set -- bash; else set -- sh; fi
fi
case $input in
  none) exec "$@" </dev/null ;;
  stream) exec "$@" ;;
esac
if ! command -v dd >/dev/null 2>&1; then
  echo 'the image has no dd, which standard input needs with this cluster (exec protocol v4)' >&2
  exit 127
fi
exec 3<&0
# Ctrl-C is for the program: the exit status is passed on here.
trap : INT
# In the background of the left side, so that nothing but the program is waited for.
{ feed <&3 2>/dev/null 3<&- & } | "$@" 3<&-
