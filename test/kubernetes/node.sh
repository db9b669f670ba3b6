#!/bin/sh
# First process of a node, in its own namespaces (network, mounts, processes, host name, control
# groups). It starts the programs named on its standard input, one per line, and ends with that input.
# The kernel then ends everything else on the node.
# $1: the node's name   $2: its folder   $3: its address   $4: gateway   $5: folder of the binaries
set -eu
name=$1 folder=$2 address=$3 gateway=$4 binaries=$5

hostname "$name"
# As on a machine with systemd: mounts of a kubelet propagate to containers that request it.
mount --make-rshared /

# The machine's /etc and /var/lib, with changes stored in the node's folder, and a separate /run.
for shared in /etc /var/lib; do
  layers=$folder/overlay$shared
  mkdir -p "$layers/upper" "$layers/work"
  mount -t overlay overlay -o "lowerdir=$shared,upperdir=$layers/upper,workdir=$layers/work" "$shared"
done
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/netns /run/flannel
mount --bind /run/netns /run/netns
mount --make-shared /run/netns
# An overlay cannot be the upper layer of containers, and pods and logs of others must not be visible.
for own in /var/lib/containerd /var/lib/kubelet /var/lib/cni /var/log; do
  mkdir -p "$own" "$folder$own"
  mount --bind "$folder$own" "$own"
done
mkdir -p /etc/cni/net.d /etc/kubernetes/manifests "$folder/manifests"
# A folder that others can write to. The kubelet is notified of changes here, but not below an overlay.
mount --bind "$folder/manifests" /etc/kubernetes/manifests
rm -f /etc/cni/net.d/*
echo "$name" >/etc/hostname
# External names cannot be resolved, so that a pull fails at once and nothing leaves this machine.
echo 'nameserver 127.0.0.1' >"$folder/resolv.conf"
mount --bind "$folder/resolv.conf" /etc/resolv.conf

# The devices of this network, and the control groups below this node's group.
mount -t sysfs sysfs /sys
mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
grep -v '^0:' /proc/self/cgroup | while IFS=: read -r _ controllers _; do
  hierarchy=/sys/fs/cgroup/${controllers#name=}
  mkdir "$hierarchy"
  mount -t cgroup -o "$controllers" cgroup "$hierarchy"
done

ip link set lo up
echo up
read -r _ # eth0 is there now

ip address add "$address/24" dev eth0
ip link set eth0 up
ip route add default via "$gateway"
sysctl -qw net.ipv4.ip_forward=1

# Runs one part and restarts it whenever it ends, as a service manager does. A file contains its arguments, one per line.
run() {
  part=$1
  set --
  while IFS= read -r word; do set -- "$@" "$word"; done <"$folder/parts/$part"
  while :; do
    "$@" </dev/null 3>&- || true
    echo "--- $part ended with $?"
    sleep 1
  done >>"/var/log/$part.log" 2>&1
}

PATH=$binaries:$PATH
# Files that the parts leave there are removed with the node.
export TMPDIR=/run
# In a separate process: the first process has to reap zombies, which it does while it waits.
(while read -r part; do run "$part" & done)
exit
