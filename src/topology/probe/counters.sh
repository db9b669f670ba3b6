#!/bin/sh
# Prints the counters of the current network namespace, the states of its devices, and its dropping rules with counters.
cat /proc/self/net/snmp /proc/self/net/netstat 2>/dev/null
sed 's/^/snmp6 /' /proc/self/net/snmp6 2>/dev/null
sed -n 's/^ *\([^ :]*\): *\(.*\)/device \1 \2/p' /proc/self/net/dev
ip -o link 2>/dev/null | sed -n 's/^[0-9]*: \([^:@ ]*\).* state \([A-Z]*\) .*/state \1 \2/p'

# Whether a module is available without being loaded by this script.
is_loaded() { [ ! -e /proc/modules ] || grep -q "^$1 " /proc/modules || [ -d "/sys/module/$1" ]; }

for family in ip ip6; do
  tables=$(cat "/proc/self/net/${family}_tables_names" 2>/dev/null)
  if [ -n "$tables" ]; then
    "${family}tables-legacy-save" -c 2>/dev/null | grep -E '^:[^ ]* DROP|-j (DROP|REJECT)' |
      sed "s/^/rule ${family}tables-legacy /"
  fi
done
if is_loaded nf_tables; then
  nft list ruleset 2>/dev/null | awk '
    /^table/ { table = $2 " " $3 }
    /^\tchain/ { chain = $2 }
    /counter packets/ && /drop|reject/ { sub(/^[ \t]*/, ""); print "rule nft " table " " chain ": " $0 }'
fi
exit 0
