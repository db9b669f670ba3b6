#!/bin/sh
# Runs in its own network namespace, and keeps it and the bridge that connects the nodes as long as
# its standard input is open.
# $1: name of the link to the machine's own namespace   $2: a process in that namespace
set -eu
ip link set lo up
ip link add fabric0 type bridge
ip link set fabric0 up
ip link add uplink type veth peer name "$1" netns "$2"
ip link set uplink master fabric0 up
echo ready
cat >/dev/null
