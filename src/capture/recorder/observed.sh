# Runs a recording program, then reports the traffic that it did not record: PORTS PROGRAM [ARGUMENT]...
. ../spool/parts/traffic.sh

newline='
'
ports=$1
shift
stopping='' repeating=''
trap 'stopping=yes' TERM
"$@" &
child=$!
# The program takes longer than this to open an interface. Empty if this was interrupted.
before=$(count_packets) || before=''
while
  # A child that has not yet executed its program loses signals, so TERM is repeated.
  if [ -n "$stopping" ] && [ -z "$repeating" ]; then
    {
      sleep 0.1 || sleep 1
      kill -TERM "$child"
    } >/dev/null 2>&1 &
    repeating=$!
  fi
  wait "$child"
  status=$?
  [ "$status" -gt 128 ] && kill -0 "$child" 2>/dev/null
do :; done
[ -z "$repeating" ] || kill "$repeating" 2>/dev/null
# Must be quick: the client that ended the program is waiting.
{
  if [ -n "$before" ]; then
    count_new_packets "$before"
    IFS=$newline
    for line in $packet_counts; do echo "netdebug: passed $line"; done
    unset IFS
  fi
  count_connections "$ports"
  IFS=$newline
  for line in $connection_counts; do echo "netdebug: connected $line"; done
} >&2
exit "$status"
