#!/bin/sh
# Runs in the fabric's namespace: gives a node its cable.
# $1: name for the fabric's end   $2: the node's first process, whose end becomes eth0
set -eu
ip link add "$1" type veth peer name eth0 netns "$2"
ip link set "$1" master fabric0 up
