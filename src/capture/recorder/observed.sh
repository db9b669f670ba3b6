# Runs a recording program, then reports what else happened in the meantime: PORTS PROGRAM [ARGUMENT]...
. ../spool/parts/passed.sh

newline=$(printf '\nx')
newline=${newline%x}
ports=$1
shift
before=$(count_packets)
trap : TERM
"$@" &
child=$!
repeating=''
while
  wait "$child"
  status=$?
  [ "$status" -gt 128 ] && kill -0 "$child" 2>/dev/null
do
  # A child that has not yet executed its program loses signals, so TERM is repeated.
  [ -z "$repeating" ] || continue
  {
    sleep 0.1 || sleep 1
    kill -TERM "$child"
  } >/dev/null 2>&1 &
  repeating=$!
done
[ -z "$repeating" ] || kill "$repeating" 2>/dev/null
# Must be quick: the client that ended the program is waiting.
{
  find_passed "$before"
  IFS=$newline
  for line in $passed; do echo "netdebug: passed $line"; done
  unset IFS
  find_connected "$ports"
  IFS=$newline
  for line in $connected; do echo "netdebug: connected $line"; done
} >&2
exit "$status"
