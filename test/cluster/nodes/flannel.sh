#!/bin/sh
# Runs on a node: makes its end of flannel's tunnel and the ways to the pods of its peers.
# $1: the node's address   $2: its flannel address   $3: that link's hardware address
# then for every peer: its address, flannel address, hardware address and pod network
set -eu
address=$1 vtep=$2 mac=$3
shift 3

# What flannel sets up: one VXLAN tunnel end per node, no learning, permanent entries for the peers.
ip link add flannel.1 address "$mac" type vxlan id 1 dev eth0 local "$address" dstport 8472 nolearning
ip address add "$vtep/32" dev flannel.1
ip link set flannel.1 up
while [ $# -gt 0 ]; do
  ip neigh add "$2" lladdr "$3" dev flannel.1 nud permanent
  bridge fdb append "$3" dev flannel.1 dst "$1"
  ip route add "$4" via "$2" dev flannel.1 onlink
  shift 4
done
