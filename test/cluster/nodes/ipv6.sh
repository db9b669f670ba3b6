#!/bin/sh
# Runs on a node: adds an IPv6 address, and flannel's second tunnel, which is for IPv6.
# $1: the node's address   $2: its flannel address   $3: that link's hardware address
# Then for every peer: its address, flannel address, hardware address and pod network.
set -eu
sysctl -qw net.ipv6.conf.all.forwarding=1
ip address add "$1/64" dev eth0 nodad
exec sh "${0%/*}/flannel.sh" flannel-v6.1 "$@"
