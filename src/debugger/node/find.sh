# Prints the id of a process in a pod's network: find.sh PROC COUNT POD_UID... -- [CONTAINER_ID]... [WORD]...
#
# PROC is the node's /proc. COUNT is how many of the following words belong to this script. The control group path of a
# pod's process contains the pod's UID or the id of one of its containers, in v1 and v2 and with every runtime: the
# cgroupfs driver writes pod8f2c-…/ID; systemd writes kubepods-pod8f2c_….slice, and adds a prefix and .scope to the id.
# Exit codes: 3 no such process; 4 a process exists, but its network cannot be inspected.
proc=$1 count=$2
shift 2
newline=$(printf '\nx')
newline=${newline%x}

# The processes whose control group path contains one of these texts.
list_in_groups() {
  [ $# -eq 0 ] || grep -lF "$@" "$proc"/[0-9]*/cgroup 2>/dev/null
}

# A process may be in the pod's control group but in the node's network, like CRI-O's conmon.
try() {
  case $1 in '' | *[!0-9]*) return ;; esac
  [ -e "$proc/$1/cgroup" ] || return
  if network=$(readlink "$proc/$1/ns/net") && [ -n "$network" ]; then
    [ "$network" != "$node" ] || return
  else
    if [ -e "$proc/$1/cgroup" ]; then denied=1; fi
    return
  fi
  echo "$1"
  exit 0
}

try_files() {
  # shellcheck disable=SC2086 # word splitting is intended
  for file in $1; do
    pid=${file%/cgroup}
    try "${pid##*/}"
  done
}

denied=''
node=$(readlink "$proc/1/ns/net")
pods='' ids='' is_id=''
while [ "$count" -gt 0 ]; do
  word=$1
  shift
  count=$((count - 1))
  if [ "$word" = -- ]; then
    is_id=1
  elif [ -n "$is_id" ]; then
    ids="$ids $word"
  else
    pods="$pods $word"
  fi
done

set --
for id in $ids; do set -- "$@" -e "$id"; done
containers=$(list_in_groups "$@")
for uid in $pods; do set -- "$@" -e "pod$uid" -e "pod$(echo "$uid" | tr - _)"; done
all=$newline$(list_in_groups "$@")$newline

# Try processes of the pod that belong to no container first: the pause process lives as long as the network. Then try
# the containers' first processes, and last their children, which may have networks of their own.
pause='' first='' rest=''
for file in $all; do
  parent=$(sed -n 's/^PPid:[[:space:]]*//p' "${file%cgroup}status" 2>/dev/null)
  case $newline$containers$newline in
    *"$newline$file$newline"*)
      case $all in
        *"$newline$proc/$parent/cgroup$newline"*) rest="$rest $file" ;;
        *) first="$first $file" ;;
      esac
      ;;
    *) pause="$pause $file" ;;
  esac
done
try_files "$pause"
try_files "$first"
try_files "$rest"

# If control groups do not help, use the files of the runtimes: containerd (also in k3s, rke2, microk8s, Docker and k0s)
# and CRI-O.
for id in $ids; do
  for file in \
    "/run/containerd/io.containerd.runtime.v2.task/k8s.io/$id/init.pid" \
    "/run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io/$id/init.pid" \
    "/run/k0s/containerd/io.containerd.runtime.v2.task/k8s.io/$id/init.pid" \
    "/var/snap/microk8s/common/run/containerd/io.containerd.runtime.v2.task/k8s.io/$id/init.pid" \
    "/run/containerd/io.containerd.runtime.v2.task/moby/$id/init.pid" \
    "/run/docker/containerd/daemon/io.containerd.runtime.v2.task/moby/$id/init.pid" \
    "/run/containers/storage/overlay-containers/$id/userdata/pidfile"; do
    # The node's own files, seen through its first process: no mount is needed.
    if IFS= read -r pid <"$proc/1/root$file" || [ -n "$pid" ]; then try "$pid"; fi 2>/dev/null
  done
done
[ -z "$denied" ] || exit 4
exit 3
