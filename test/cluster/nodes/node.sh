#!/bin/sh
# First process of a node, in its own namespaces (network, mounts, processes, host name). It ends
# with its standard input, and the kernel ends everything else on the node with it.
# $1: the node's name   $2: its folder   $3: its address   $4: gateway   $5: its flannel address
# $6: that link's hardware address   Then for every peer: its address, flannel address, hardware
# address and pod network.
set -eu
name=$1 folder=$2 address=$3 gateway=$4 vtep=$5 mac=$6
shift 6

hostname "$name"

# The machine's /etc and /var/lib, with changes stored in the node's folder, and a separate /run.
for shared in /etc /var/lib; do
  layers=$folder/overlay$shared
  mkdir -p "$layers/upper" "$layers/work"
  mount -t overlay overlay -o "lowerdir=$shared,upperdir=$layers/upper,workdir=$layers/work" "$shared"
done
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/netns /var/lib/cni /etc/cni/net.d
mount --bind /run/netns /run/netns
mount --make-shared /run/netns
# The kubelet's folders, where tools expect them.
mkdir -p "$folder/pods" /var/lib/kubelet/pods
mount --bind "$folder/pods" /var/lib/kubelet/pods
cp "$folder/cni.conflist" /etc/cni/net.d/10-flannel.conflist
mkdir -p /run/flannel
cp "$folder/subnet.env" /run/flannel/subnet.env

ip link set lo up
echo up
read -r _ # eth0 is there now

ip address add "$address/24" dev eth0
ip link set eth0 up
ip route add default via "$gateway"
sysctl -qw net.ipv4.ip_forward=1

sh "${0%/*}/flannel.sh" flannel.1 "$address" "$vtep" "$mac" "$@"

containerd --config "$folder/containerd.toml" </dev/null >"$folder/containerd.log" 2>&1 3>&- &
# Not `exec cat`, because the first process has to reap zombies.
cat >/dev/null
exit
