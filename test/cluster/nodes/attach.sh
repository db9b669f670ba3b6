#!/bin/sh
# Runs in the fabric's namespace: connects a node.
# $1: name of the fabric's end   $2: the node's first process, in whose network the other end becomes eth0
set -eu
ip link add "$1" type veth peer name eth0 netns "$2"
ip link set "$1" master fabric0 up
