# Counts what the filter does not show: packets on all interfaces, and connections to the filter's ports.

# Prints the name of each interface and how many packets it has received and sent.
count_packets() {
  while IFS=' :' read -r name _ received_packets _ _ _ _ _ _ _ sent_packets _; do
    case $received_packets$sent_packets in '' | *[!0-9]*) continue ;; esac
    # On lo, each sent packet is also received.
    [ "$name" != lo ] || sent_packets=0
    echo "$name $((received_packets + sent_packets))"
  done 2>/dev/null </proc/net/dev
}

# Sets `passed`, one line each: `any` with the packets of all interfaces since $1 (earlier output of count_packets),
# then the same for the first 8 interfaces that had packets. Empty if the kernel does not report counts.
find_passed() {
  passed='' all=0 interfaces=0 each=''
  IFS=$newline
  for line in $(count_packets); do
    passed=known
    count=${line##* }
    case $newline$1$newline in
      *"$newline${line% *} "*)
        earlier=$newline$1$newline
        earlier=${earlier#*"$newline${line% *} "}
        earlier=${earlier%%"$newline"*}
        # A recreated interface counts from 0.
        [ "$count" -lt "$earlier" ] || count=$((count - earlier))
        ;;
    esac
    all=$((all + count))
    if [ "$count" -eq 0 ] || [ "$interfaces" -eq 8 ]; then continue; fi
    interfaces=$((interfaces + 1))
    each="$each$newline${line% *} $count"
  done
  unset IFS
  [ -z "$passed" ] || passed="any $all$each"
}

# Sets `connected`, one line for each of the ports $1 (separated by commas) that are local ports of established
# connections: the port, the number of connections, and the ports to which clients connected instead, as shown by
# connection tracking. Uses a single process, because the end of a capture waits for this, possibly on a busy node.
find_connected() {
  connected='' decimal='' hexadecimal=''
  [ -n "$1" ] || return 0
  IFS=,
  for port in $1; do
    decimal="$decimal${decimal:+|}$port"
    hexadecimal="$hexadecimal${hexadecimal:+|}$(printf %04X "$port")"
  done
  unset IFS
  socket=":($hexadecimal) [0-9A-F]+:[0-9A-F]+ 01 "
  tracked=" dport=[0-9]+ (packets=[0-9]+ bytes=[0-9]+ )?src=[^ ]+ dst=[^ ]+ sport=($decimal) "
  found=$(grep -hoE -m 300 "$socket|$tracked" /proc/net/tcp /proc/net/tcp6 /proc/net/nf_conntrack 2>/dev/null)
  [ -n "$found" ] || return 0
  IFS=,
  for port in $1; do
    unset IFS
    count=0 from='' asked='' here=":$(printf %04X "$port")"
    for word in $found; do
      case $word in
        "$here") count=$((count + 1)) ;;
        dport=*) asked=${word#dport=} ;;
        "sport=$port")
          # At most five, because the state has a limited size.
          case " $port$from " in
            *" $asked "* | *' '*' '*' '*' '*' '*' '*' '*) ;;
            *) from="$from $asked" ;;
          esac
          ;;
      esac
    done
    [ "$count" -eq 0 ] || connected="$connected${connected:+$newline}$port $count$from"
  done
}
