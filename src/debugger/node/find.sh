# Prints the id of a process that is in a pod's network: find.sh PROC COUNT POD_UID... -- [CONTAINER_ID]... [WORD]...
#
# PROC is the node's /proc; COUNT says how many of the words that follow are ours. A pod's processes have its UID or the id of one of its containers in the path of
# their control group, in v1 and v2 and with every runtime: the cgroupfs driver writes pod8f2c-…/ID, systemd
# has kubepods-pod8f2c_….slice and a prefix and .scope around the id.
# Exit codes: 3 there is none; 4 there is one, but we may not look at its network.
proc=$1 rounds=$2
shift 2
newline=$(printf '\nx')
newline=${newline%x}

# The processes of which one of these texts is in the path of the control group.
grouped() {
  [ $# -eq 0 ] || grep -lF "$@" "$proc"/[0-9]*/cgroup 2>/dev/null
}

# A process may be in the pod's control group and in the node's network, as CRI-O's conmon is.
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

try_all() {
  # shellcheck disable=SC2086 # a list of words
  for file in $1; do
    pid=${file%/cgroup}
    try "${pid##*/}"
  done
}

denied=''
node=$(readlink "$proc/1/ns/net")
pods='' ids='' known=''
while [ "$rounds" -gt 0 ]; do
  word=$1
  shift
  rounds=$((rounds - 1))
  if [ "$word" = -- ]; then
    known=1
  elif [ -n "$known" ]; then
    ids="$ids $word"
  else
    pods="$pods $word"
  fi
done

set --
for id in $ids; do set -- "$@" -e "$id"; done
containers=$(grouped "$@")
for uid in $pods; do set -- "$@" -e "pod$uid" -e "pod$(echo "$uid" | tr - _)"; done
all=$newline$(grouped "$@")$newline

# First what is of the pod and of none of its containers: the pause process lives as long as the network.
# Then the containers' first processes, whose children may have networks of their own.
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
try_all "$pause"
try_all "$first"
try_all "$rest"

# What the runtimes themselves have written down, where the control groups do not say it: containerd (also
# that of k3s and rke2, microk8s, Docker, k0s), CRI-O.
for id in $ids; do
  for file in \
    "/run/containerd/io.containerd.runtime.v2.task/k8s.io/$id/init.pid" \
    "/run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io/$id/init.pid" \
    "/run/k0s/containerd/io.containerd.runtime.v2.task/k8s.io/$id/init.pid" \
    "/var/snap/microk8s/common/run/containerd/io.containerd.runtime.v2.task/k8s.io/$id/init.pid" \
    "/run/containerd/io.containerd.runtime.v2.task/moby/$id/init.pid" \
    "/run/docker/containerd/daemon/io.containerd.runtime.v2.task/moby/$id/init.pid" \
    "/run/containers/storage/overlay-containers/$id/userdata/pidfile"; do
    # The node's own files, as its first process sees them: no mount is needed.
    if IFS= read -r pid <"$proc/1/root$file" || [ -n "$pid" ]; then try "$pid"; fi 2>/dev/null
  done
done
[ -z "$denied" ] || exit 4
exit 3
