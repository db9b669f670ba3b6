#!/bin/sh
# Joins a control group with the given name in every hierarchy of version 1, then executes a command.
# In a cgroup namespace created after that, the group is the root, so that a kubelet sees its own machine.
# $1: the group, without a leading slash. The other arguments are the command.
set -eu
group=$1
shift
grep -v '^0:' /proc/self/cgroup | while IFS=: read -r _ controllers _; do
  hierarchy=/sys/fs/cgroup/${controllers#name=}
  mkdir -p "$hierarchy/$group"
  if [ "$controllers" = cpuset ]; then
    # Nothing can run in a group of this hierarchy before it has CPUs and memory nodes.
    for below in "${group%/*}" "$group"; do
      for file in cpuset.cpus cpuset.mems; do
        cat "$hierarchy/$file" >"$hierarchy/$below/$file"
      done
    done
  fi
  echo $$ >"$hierarchy/$group/cgroup.procs"
done
exec "$@"
