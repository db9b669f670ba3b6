# Prints the ports on which the node accepts the connections that carry our output: ownPorts.sh PROC
# These are the ports of the kubelet, the container runtime and an API server on this node, one per line.
proc=$1
sockets=''
for file in "$proc"/[0-9]*/comm; do
  { IFS= read -r name <"$file"; } 2>/dev/null || continue
  case $name in
    kubelet | kubelite | containerd | crio | dockerd | cri-dockerd | kube-apiserver | k3s* | rke2* | k0s) ;;
    *) continue ;;
  esac
  # shellcheck disable=SC2012 # only the links' ends are read
  sockets="$sockets $(ls -l "${file%comm}fd" 2>/dev/null | sed -n 's/.*socket:\[\([0-9]*\)\]$/\1/p' | tr '\n' ' ')"
done
cat "$proc/1/net/tcp" "$proc/1/net/tcp6" 2>/dev/null |
  while read -r _ local _ state _ _ _ _ _ inode _; do
    # The state of listening sockets (TCP_LISTEN).
    [ "$state" = 0A ] || continue
    case $sockets in *" $inode "*) echo "$((0x${local##*:}))" ;; esac
  done | sort -un
