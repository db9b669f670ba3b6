# The debugger's main process: keeps the container running while it is in use, reaps orphaned processes of our commands,
# and exits after $1 idle seconds. It has no files and no state, so a kubelet may restart it at any time. Kubernetes
# halves doubled dollar signs in a container's command, so this script must not contain any.
ttl=$1
tick=$((ttl / 4))
[ "$tick" -lt 15 ] || tick=15
[ "$tick" -gt 0 ] || tick=1

# Processes in our own mount namespace are ours. The pod's other processes may be visible too.
in_use() {
  for process in /proc/[0-9]*; do
    # shellcheck disable=SC3013 # dash and busybox ash support -ef
    [ "$process" -ef /proc/self ] && continue
    # shellcheck disable=SC3013
    [ "$process/ns/mnt" -ef /proc/self/ns/mnt ] && return 0
  done
  return 1
}

trap 'exit 0' TERM INT
idle=0
while [ "$idle" -lt "$ttl" ]; do
  sleep "$tick" &
  # wait reaps every process that ends in the meantime, adopted ones too, and lets the trap run immediately.
  wait
  idle=$((idle + tick))
  if in_use; then idle=0; fi
done
