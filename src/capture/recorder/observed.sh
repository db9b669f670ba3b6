# Runs a program that records, and then says what else happened meanwhile: PORTS PROGRAM [ARGUMENT]...
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
  # A child that has not yet become its program forgets what it was told.
  [ -z "$repeating" ] || continue
  {
    sleep 0.1 || sleep 1
    kill -TERM "$child"
  } >/dev/null 2>&1 &
  repeating=$!
done
[ -z "$repeating" ] || kill "$repeating" 2>/dev/null
# Without delay: the client that ended the program waits for it.
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
