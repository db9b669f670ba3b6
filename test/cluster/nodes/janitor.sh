#!/bin/sh
# Removes what the kernel does not remove with a cluster's processes. Its standard input ends when
# the process that runs the cluster, and all its nodes, have released the other end.
# $1: name of the cluster's control groups. The other arguments are its folders.
set -u
name=$1
shift
cat >/dev/null

# A group can be removed once the kernel has released its last process.
tries=0
while [ "$tries" -lt 100 ]; do
  groups=$(find /sys/fs/cgroup -maxdepth 2 -type d -name "$name")
  [ -n "$groups" ] || break
  for group in $groups; do
    # A process that was frozen when its node was killed only ends when it is thawed.
    find "$group" -name freezer.state -exec sh -c 'for state; do echo THAWED >"$state"; done' thaw {} + 2>/dev/null
    find "$group" -name cgroup.freeze -exec sh -c 'for state; do echo 0 >"$state"; done' thaw {} + 2>/dev/null
    find "$group" -depth -type d -exec rmdir {} + 2>/dev/null
  done
  tries=$((tries + 1))
  sleep 0.05
done
rm -rf "$@"
