#!/bin/sh
# Puts itself into a control group of that name in every hierarchy of version 1, then becomes a command.
# In a cgroup namespace made after that, the group is the root: a kubelet finds a machine of its own.
# $1: the group, without a leading slash   then the command
set -eu
group=$1
shift
grep -v '^0:' /proc/self/cgroup | while IFS=: read -r _ controllers _; do
  hierarchy=/sys/fs/cgroup/${controllers#name=}
  mkdir -p "$hierarchy/$group"
  if [ "$controllers" = cpuset ]; then
    # Nothing can run in a group of this hierarchy before it has processors and memory.
    for below in "${group%/*}" "$group"; do
      for file in cpuset.cpus cpuset.mems; do
        cat "$hierarchy/$file" >"$hierarchy/$below/$file"
      done
    done
  fi
  echo $$ >"$hierarchy/$group/cgroup.procs"
done
exec "$@"
