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

# Sets `packet_counts`, one line each: `any` with the packets of all interfaces since $1 (earlier output of
# count_packets), then the same for the first 8 interfaces that had packets. Empty if the kernel does not report counts.
count_new_packets() {
  packet_counts='' total_packets=0 interfaces=0 lines=''
  IFS=$newline
  for line in $(count_packets); do
    packet_counts=known
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
    total_packets=$((total_packets + count))
    if [ "$count" -eq 0 ] || [ "$interfaces" -eq 8 ]; then continue; fi
    interfaces=$((interfaces + 1))
    lines="$lines$newline${line% *} $count"
  done
  unset IFS
  [ -z "$packet_counts" ] || packet_counts="any $total_packets$lines"
}

# Sets `connection_counts`, one line for each of the ports $1 (separated by commas) that are local ports of established
# connections: the port, the number of connections, and the ports to which clients connected instead, as shown by
# connection tracking. Uses a single process, because the end of a capture waits for this, possibly on a busy node.
count_connections() {
  connection_counts='' decimal='' hexadecimal=''
  [ -n "$1" ] || return 0
  IFS=,
  for port in $1; do
    decimal="$decimal${decimal:+|}$port"
    hexadecimal="$hexadecimal${hexadecimal:+|}$(printf %04X "$port")"
  done
  unset IFS
  socket_pattern=":($hexadecimal) [0-9A-F]+:[0-9A-F]+ 01 "
  tracking_pattern=" dport=[0-9]+ (packets=[0-9]+ bytes=[0-9]+ )?src=[^ ]+ dst=[^ ]+ sport=($decimal) "
  matches=$(grep -hoE -m 300 "$socket_pattern|$tracking_pattern" \
    /proc/net/tcp /proc/net/tcp6 /proc/net/nf_conntrack 2>/dev/null)
  [ -n "$matches" ] || return 0
  IFS=,
  for port in $1; do
    unset IFS
    count=0 client_ports='' original_port='' local_port=":$(printf %04X "$port")"
    for word in $matches; do
      case $word in
        "$local_port") count=$((count + 1)) ;;
        dport=*) original_port=${word#dport=} ;;
        "sport=$port")
          # At most five, because the state has a limited size.
          case " $port$client_ports " in
            *" $original_port "* | *' '*' '*' '*' '*' '*' '*' '*) ;;
            *) client_ports="$client_ports $original_port" ;;
          esac
          ;;
      esac
    done
    [ "$count" -eq 0 ] || connection_counts="$connection_counts${connection_counts:+$newline}$port $count$client_ports"
  done
}
