# Prints what one network namespace contains, from inside it: inside.sh TOKEN WHERE RULES [ADDRESS | TO,FROM]...
#
# WHERE is `host` in the node's own namespace. The kernel is asked for the routes of each pair TO,FROM. Anything
# that needs a kernel module which is not loaded is skipped, so that no module gets loaded. If /proc/modules is
# missing, the kernel has no modules, and everything available is built in.
token=$1 where=$2 rules=$3 pairs=''
shift 3
for word; do
  shift
  case $word in
    *,*) pairs="$pairs $word" ;;
    *) set -- "$@" "$word" ;;
  esac
done

section() { printf '\n@%s %s\n' "$token" "$*"; }

. ../findProgram.sh

# Whether a module is available without being loaded by this script.
is_loaded() {
  [ -e /proc/modules ] || return 0
  grep -q "^$1 " /proc/modules || [ -d "/sys/module/$1" ]
}

# Prints a program's output as a section. If it fails, its standard error follows in another section.
print_output() {
  name=$1
  shift
  section "$name"
  { messages=$("$@" 2>&1 >&3); } 3>&1
  code=$?
  if [ "$code" -ne 0 ]; then
    section "failed $name $code"
    printf '%.400s\n' "$messages"
  fi
}

# Prints the questions for the routes of the pairs: for packets sent from here, and for packets that arrive on the
# device that their answers leave by. Other questions are asked later, when they are known.
print_questions() {
  for pair in $pairs; do echo "route get ${pair#*,}"; done | sort -u |
    "$ip" -o -force -batch - 2>/dev/null |
    sed -n 's/^\([0-9a-f.:]*\) .*dev \([^ ]*\) .*/\1 \2/p' >"$work/devices"
  for pair in $pairs; do
    to=${pair%,*} from=${pair#*,}
    echo "route get $to from $from"
    while read -r address device; do
      if [ "$address" = "$from" ]; then echo "route get $to from $from iif $device"; fi
    done <"$work/devices"
  done
}

ask_routes() {
  work=$(mktemp -d) || return
  print_questions >"$work/asked"
  section asked
  cat "$work/asked"
  section answers 0
  "$ip" -j -d -force -batch "$work/asked" 2>"$work/errors"
  section errors
  head -c 20000 "$work/errors"
  rm -rf "$work"
}

ip=''
if have ip; then ip=$program; fi
"$ip" -V 2>/dev/null | grep -q iproute2 || ip=''
if [ -n "$ip" ]; then
  print_output rule4 "$ip" -j -d rule
  print_output rule6 "$ip" -j -d -6 rule
  print_output list-id "$ip" -j netns list-id
  if [ -n "$pairs" ]; then ask_routes; fi
fi
if have bridge; then print_output fdb bridge -j -d -s fdb; fi
# The tc of busybox has no JSON.
if have tc && tc -V 2>/dev/null | grep -q iproute2; then
  print_output qdisc tc -j -s qdisc
  # Print the filters, such as eBPF programs, of devices that can have them.
  tc qdisc 2>/dev/null | sed -n 's/^qdisc \(clsact\|ingress\) [^ ]* dev \([^ ]*\) .*/\2/p' | head -n 100 |
    while read -r device; do
      for direction in ingress egress; do
        section "filter $device"
        tc filter show dev "$device" "$direction" 2>/dev/null | head -n 20
      done
    done
fi
if have ethtool && [ -n "$ip" ]; then
  # Only for tunnels: checksums that they leave to the hardware may arrive wrong.
  { "$ip" -o link show type vxlan; "$ip" -o link show type geneve; } 2>/dev/null |
    sed -n 's/^[0-9]*: \([^:@ ]*\)[:@].*/\1/p' | head -n 40 | while read -r device; do
    section "offload $device"
    ethtool -k "$device" 2>/dev/null | grep -E '^(tx-checksum-|tx-udp_tnl|rx-checksumming|generic-receive|tcp-segmentation|generic-seg)'
  done
fi

section sysctl
cd /proc/sys/net && grep -s '' /dev/null \
  ipv4/ip_forward ipv4/conf/*/forwarding ipv4/conf/*/rp_filter ipv4/conf/*/proxy_arp ipv4/conf/*/arp_ignore \
  ipv4/conf/*/arp_announce ipv4/conf/*/accept_local ipv4/conf/*/route_localnet ipv4/conf/*/src_valid_mark \
  ipv4/neigh/default/gc_thresh* ipv6/neigh/default/gc_thresh* ipv4/ip_nonlocal_bind ipv4/ip_local_port_range \
  ipv4/fib_multipath_hash_policy ipv4/tcp_mtu_probing ipv4/ip_no_pmtu_disc core/somaxconn \
  ipv6/conf/*/forwarding ipv6/conf/*/force_forwarding ipv6/conf/*/disable_ipv6 ipv6/conf/*/proxy_ndp ipv6/conf/*/accept_ra \
  netfilter/nf_conntrack_count netfilter/nf_conntrack_max bridge/bridge-nf-call-*

section snmp
cat /proc/self/net/snmp /proc/self/net/netstat 2>/dev/null
section snmp6
cat /proc/self/net/snmp6 2>/dev/null
section tcp
grep -hE '^ *sl|: [0-9A-F]+:[0-9A-F]{4} [0-9A-F]+:0000 0A ' /proc/self/net/tcp /proc/self/net/tcp6 2>/dev/null | head -n 20000
section udp
head -q -n 5000 /proc/self/net/udp /proc/self/net/udp6 2>/dev/null

if [ "$rules" = rules ]; then
  if is_loaded nf_tables && have nft; then
    section nft
    ruleset=$(nft -j list ruleset 2>&1)
    code=$?
    printf '%s\n' "$ruleset" | head -c 16000000
    if [ "$code" -ne 0 ]; then section "failed nft $code"; fi
    # Only iptables itself prints the rules that it made in full. Do not run it if there are none, because it would
    # load a module.
    case $ruleset in
      *'"xt"'*)
        if have iptables-nft-save; then print_output iptables-nft iptables-nft-save -c; fi
        if have ip6tables-nft-save; then print_output ip6tables-nft ip6tables-nft-save -c; fi
        ;;
    esac
    ruleset=''
  elif is_loaded nf_tables; then
    section missing nft
  else
    section absent nft
  fi
  for family in ip ip6; do
    # Files in /proc have no size, so read the file to find out whether there are tables.
    names=/proc/self/net/${family}_tables_names
    if ! [ -e "$names" ] || { tables=$(cat "$names" 2>/dev/null) && [ -z "$tables" ]; }; then
      section absent "${family}tables-legacy"
    elif have "${family}tables-legacy-save"; then
      print_output "${family}tables-legacy" "${family}tables-legacy-save" -c
    else
      section missing "${family}tables-legacy-save"
    fi
  done
  if is_loaded ip_set && have ipset; then print_output ipset ipset save; fi
  if [ -e /proc/self/net/ip_vs ]; then
    if have ipvsadm; then print_output ipvs ipvsadm -Ln --stats; else section missing ipvsadm; fi
  else
    section absent ipvs
  fi
fi

if [ $# -gt 0 ] && [ "$where" = host ]; then
  section conntrack
  for address in "$@"; do set -- "$@" -e "=$address "; shift; done
  if [ -e /proc/self/net/nf_conntrack ]; then
    grep -F "$@" /proc/self/net/nf_conntrack 2>/dev/null | head -n 500
  elif [ "$rules" = rules ] && have conntrack && is_loaded nf_conntrack_netlink; then
    conntrack -L 2>/dev/null | grep -F "$@" | head -n 500
  else
    section missing conntrack
  fi
fi
exit 0
