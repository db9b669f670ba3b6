#!/bin/sh
# Runs on a node: creates its end of flannel's tunnel, and the routes to the pods of its peers.
# $1: the tunnel's device   $2: the node's address   $3: its flannel address   $4: that link's hardware address
# Then for every peer: its address, flannel address, hardware address and pod network.
set -eu
device=$1 address=$2 vtep=$3 mac=$4
shift 4

# The same as flannel: one VXLAN tunnel end per node, no learning, permanent entries for the peers.
ip link add "$device" address "$mac" type vxlan id 1 dev eth0 local "$address" dstport 8472 nolearning
# Without a prefix length, it is the whole address of either family.
ip address add "$vtep" dev "$device"
ip link set "$device" up
while [ $# -gt 0 ]; do
  ip neigh add "$2" lladdr "$3" dev "$device" nud permanent
  bridge fdb append "$3" dev "$device" dst "$1"
  ip route add "$4" via "$2" dev "$device" onlink
  shift 4
done
