# The debugger's main process: keeps the container running while it is in use, reaps
# what our commands leave behind, and ends after $1 idle seconds. Holds no files and no state, so
# that a kubelet may start it again at any time.
# Kubernetes halves doubled dollar signs in a container's command: none may stand here.
ttl=$1
tick=$((ttl / 4))
[ "$tick" -lt 15 ] || tick=15
[ "$tick" -gt 0 ] || tick=1

# A process is ours when it is in our mount namespace: pods may share their processes with us.
in_use() {
  for process in /proc/[0-9]*; do
    # shellcheck disable=SC3013 # dash and busybox ash know -ef
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
  # wait reaps whatever ends meanwhile, adopted processes too, and lets the trap run at once.
  wait
  idle=$((idle + tick))
  if in_use; then idle=0; fi
done
