# Prints what a pod's network namespace contains, from a debugger inside it: podSide.sh INSIDE TOKEN
#
# This is for users who may not create pods on nodes. Prints the same sections as collect.sh, for this one
# namespace.
inside=$1 token=$2

section() { printf '\n@%s %s\n' "$token" "$*"; }

. ../findProgram.sh

link=$(readlink /proc/self/ns/net)
inode=${link#net:[}
inode=${inode%]}
section begin 1
uname -r
date -u +%Y-%m-%dT%H:%M:%SZ
section inode
echo "$inode"
section tools
for tool in ip bridge tc ethtool; do
  if have "$tool"; then echo "$tool"; fi
done
have ip; ip=$program
if "$ip" -V 2>/dev/null | grep -q iproute2; then
  section ns "$inode"
  printf 'addr\nroute show table all\nneigh\n' | "$ip" -j -d -s -force -batch - 2>/dev/null
fi
section full "$inode"
sh -c "$inside" inside "$token" inside - 2>/dev/null
section "resolv $inode"
head -c 8192 /etc/resolv.conf 2>/dev/null
section end
