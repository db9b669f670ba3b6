# Prints the network facts of a node: collect.sh INSIDE TOKEN SCOPE RULES CNI COUNT WORD... [ADDRESS | TO,FROM]...
#
# INSIDE is inside.sh, which reads one network namespace in full. It runs in the node's own namespace and in those
# that the COUNT words select: a pod's UID, a container's id, the inode of a namespace, or `all`. SCOPE is `all` to
# read the devices, addresses and routes of every namespace, or `chosen` for the selected ones. RULES is `rules` to
# read packet filters. CNI is `cni` to read the files of CNI plugins. An ADDRESS selects connection tracking
# entries. For each pair TO,FROM, the kernels are asked for a route.
#
# The output consists of sections that begin with a line `@TOKEN NAME …`. The content cannot contain the token, which is random.
# The last section is `end`; without it, the output was cut off. The output is compressed if the image has gzip.
# Nothing on the node is changed, and no program runs that could make the kernel load a module.
inside=$1 token=$2 scope=$3 rules=$4 cni=$5 count=$6
shift 6
root=/proc/1/root

section() { printf '\n@%s %s\n' "$token" "$*"; }

. ../findProgram.sh

# Prints a program's output as a section: print_output NAME PROGRAM [ARGUMENT]...
print_output() {
  name=$1
  shift
  section "$name"
  "$@" 2>"$work/error" || {
    section "failed $name $?"
    head -c 400 "$work/error"
  }
}

tools() {
  section tools
  if [ -n "$ip" ]; then echo ip; fi
  for tool in bridge tc ethtool nsenter nft iptables-nft-save iptables-legacy-save ipset ipvsadm tar gzip; do
    if have "$tool"; then echo "$tool"; fi
  done
}

# Prints `INODE PID` for every process, sorted by inode, then by process id.
list_inodes() {
  # shellcheck disable=SC2012 # only the links' ends are read
  ls -l /proc/[0-9]*/ns/"$1" 2>/dev/null |
    sed -n 's|^.* /proc/\([0-9]*\)/ns/[a-z]* -> [a-z]*:\[\([0-9]*\)\]$|\2 \1|p' | sort -k1,1n -k2,2n
}

# Keeps the first of its input lines for each inode: the lowest process id.
first_of_each() {
  last=''
  while read -r inode pid; do
    if [ "$inode" != "$last" ]; then echo "$inode $pid"; fi
    last=$inode
  done
}

# Prints a file of each first process, one after the other: print_files NAME FILE
print_files() {
  section "$1"
  set -- "$1" "$2"
  while read -r _ pid; do set -- "$@" "$work/next" "/proc/$pid/$2"; done <"$work/first-net"
  shift 2
  cat "$@" 2>/dev/null | head -c 4000000
}

processes() {
  list_inodes net >"$work/net"
  list_inodes mnt >"$work/mnt"
  first_of_each <"$work/net" >"$work/first-net"
  first_of_each <"$work/mnt" >"$work/first-mnt"
  printf '\n@%s next\n' "$token" >"$work/next"
  section net
  cat "$work/net"
  section mnt
  cat "$work/mnt"
  section self
  readlink /proc/self/ns/mnt
  section comm
  grep -H '' /proc/[0-9]*/comm 2>/dev/null
  section cgroup
  grep -HE 'pod[0-9a-f]{8}|[0-9a-f]{64}' /proc/[0-9]*/cgroup >"$work/cgroup" 2>/dev/null
  cat "$work/cgroup"
  section first
  cat "$work/first-net"
  print_files cmdline cmdline
  section uid
  set --
  while read -r _ pid; do set -- "$@" "/proc/$pid"; done <"$work/first-net"
  # shellcheck disable=SC2012 # names are numbers
  ls -ldn "$@" 2>/dev/null
  print_output passwd head -c 200000 "$root/etc/passwd"
}

mounts() {
  set --
  while read -r _ pid; do set -- "$@" "/proc/$pid/mountinfo"; done <"$work/first-mnt"
  grep -H ' net:\[[0-9]*\] .* - nsfs ' "$@" /dev/null >"$work/mounts" 2>/dev/null
  section mounts
  head -n 20000 "$work/mounts"
}

# Writes `INODE PATH` for every namespace: the path of a process, or of a mount if no process is in it. Mount paths
# with a space or a backslash are skipped.
namespaces() {
  {
    while read -r inode pid; do echo "$inode /proc/$pid/ns/net"; done <"$work/first-net"
    sed -n 's|^/proc/\([0-9]*\)/mountinfo:[0-9]* [0-9]* [0-9:]* net:\[\([0-9]*\)\] \([^ \\]*\) .*|\2 /proc/\1/root\3|p' "$work/mounts"
  } | sort -s -k1,1n | first_of_each >"$work/namespaces"
}

# Prints the ids that the node's namespace has assigned to the other namespaces. ip only shows them for the entries
# of its folder, so make a link there for each namespace; the folder is in this container. Its location depends on
# the build of ip.
print_ids() {
  [ -n "$ip" ] || return
  for names in /run/netns /var/run/netns; do
    mkdir -p "$names" 2>/dev/null
    while read -r inode path; do
      [ -e "$names/i$inode" ] || ln -s "$path" "$names/i$inode"
    done <"$work/namespaces" 2>/dev/null
  done
  print_output netnsids "$ip" -j netns list-id
  rm -f /run/netns/i[0-9]* /var/run/netns/i[0-9]* 2>/dev/null
}

# Reads devices, addresses, routes and neighbours of every COUNTth namespace: read_part NUMBER COUNT
read_part() {
  turn=0
  while read -r inode path; do
    turn=$((turn + 1))
    [ "$((turn % $2))" -eq "$1" ] || continue
    section ns "$inode"
    "$nsenter" -n"$path" "$ip" -j -d -s -force -batch "$work/batch" 2>"$work/error$1" || {
      section failed "ns-$inode" "$?"
      head -c 400 "$work/error$1"
    }
  done
}

read_links() {
  if [ -z "$ip" ] || [ -z "$nsenter" ]; then return; fi
  printf 'addr\nroute show table all\nneigh\n' >"$work/batch"
  readers=''
  for number in 0 1 2 3; do
    read_part "$number" 4 <"$1" >"$work/part$number" &
    readers="$readers $!"
  done
  # shellcheck disable=SC2086 # word splitting is intended
  wait $readers
  cat "$work"/part?
  # If a process has ended, another one may have its id by now, so print which namespace each process is in.
  section checked
  # shellcheck disable=SC2012 # only the links' ends are read
  ls -l /proc/[0-9]*/ns/net 2>/dev/null | sed -n 's|^.* /proc/\([0-9]*\)/ns/net -> net:\[\([0-9]*\)\]$|\2 \1|p'
}

# Prints the node's own namespace and those that the words select: select_namespaces WORD...
select_namespaces() {
  {
    sed -n 's/^\([0-9]*\) 1$/\1/p' "$work/net"
    for word in "$@"; do
      case $word in
        all) cut -d ' ' -f 1 "$work/namespaces" ;;
        *[!0-9]*)
          grep -F -e "$word" -e "$(echo "$word" | tr - _)" "$work/cgroup" |
            sed -n 's|^/proc/\([0-9]*\)/.*| \1$|p' | head -n 200 >"$work/patterns"
          if [ -s "$work/patterns" ]; then grep -f "$work/patterns" "$work/net" | cut -d ' ' -f 1 | sort -u | head -n 8; fi
          ;;
        *) echo "$word" ;;
      esac
    done
  } | sort -un | sed 's/.*/^& /' >"$work/chosen"
  grep -f "$work/chosen" "$work/namespaces"
}

# Prints the path of a node's file. Follows links itself, because their targets are relative to the node's root.
on_node() {
  file=$1 hops=0
  while [ -L "$root$file" ] && [ "$hops" -lt 8 ]; do
    target=$(readlink "$root$file")
    case $target in
      /*) file=$target ;;
      *) file=${file%/*}/$target ;;
    esac
    hops=$((hops + 1))
  done
  echo "$root$file"
}

read_in_full() {
  host=$(sed -n 's/^\([0-9]*\) 1$/\1/p' "$work/net")
  [ -n "$nsenter" ] || return
  while read -r inode path; do
    section full "$inode"
    where=inside
    if [ "$inode" = "$host" ]; then where=host; fi
    "$nsenter" -n"$path" sh -c "$inside" inside "$token" "$where" "$rules" "$@" 2>"$work/error" || {
      section failed "full-$inode" "$?"
      head -c 400 "$work/error"
    }
    section "resolv $inode"
    if [ "$inode" = "$host" ]; then
      head -c 8192 "$(on_node /etc/resolv.conf)" 2>/dev/null
    else
      sed -n "s/^$inode //p" "$work/net" | head -n 20 | while read -r pid; do
        if [ -f "/proc/$pid/root/etc/resolv.conf" ]; then
          head -c 8192 "/proc/$pid/root/etc/resolv.conf" && break
        fi
      done 2>/dev/null
    fi
  done
}

# Prints the folders in which runtimes keep containers and sandboxes, and the ids in them: containerd (also that of
# k3s and RKE2, k0s, microk8s and Docker) and CRI-O. A containerd elsewhere is found by its shims, which run in the
# folder of their sandbox.
runtime() {
  section runtime
  # shellcheck disable=SC2012 # only the links' ends are read
  shims=$(ls -l /proc/[0-9]*/cwd 2>/dev/null |
    sed -n 's|^.* -> \(/[^ ]*/io\.containerd\.runtime\.v2\.task/k8s\.io\)/[0-9a-f]*$|\1|p' | sort -u | head -n 8)
  set -f
  # shellcheck disable=SC2086 # word splitting is intended
  set -- $shims
  set +f
  case $shims in
    *'/run/containerd/io'*) ;;
    *) set -- "$@" /run/containerd/io.containerd.runtime.v2.task/k8s.io ;;
  esac
  for folder in "$@" \
    /run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io \
    /run/k0s/containerd/io.containerd.runtime.v2.task/k8s.io \
    /var/snap/microk8s/common/run/containerd/io.containerd.runtime.v2.task/k8s.io \
    /run/containerd/io.containerd.runtime.v2.task/moby \
    /run/docker/containerd/daemon/io.containerd.runtime.v2.task/moby \
    /run/containers/storage/overlay-containers \
    /var/lib/docker/containers; do
    [ -d "$root$folder" ] || continue
    echo "folder $folder"
    for name in "$root$folder"/*; do
      name=${name##*/}
      case $name in *[!0-9a-f]*) ;; *) echo "$name" ;; esac
    done
  done
}

# Prints the default and the configured folders of plugins and runtimes.
cni_folders() {
  printf '%s\n' /etc/cni/net.d /var/lib/rancher/k3s/agent/etc/cni/net.d \
    /var/snap/microk8s/current/args/cni-network /etc/kubernetes/cni/net.d \
    /var/lib/cni /run/cni-ipam-state /var/snap/microk8s/common/var/lib/cni /run/flannel/subnet.env
  for file in /etc/containerd/config.toml /var/lib/rancher/k3s/agent/etc/containerd/config.toml \
    /var/snap/microk8s/current/args/containerd-template.toml; do
    head -c 100000 "$root$file" 2>/dev/null |
      sed -n "s|^[[:space:]]*conf_dirs\{0,1\}[[:space:]]*=[^/]*\(/[-A-Za-z0-9_./]*\).*|\1|p"
  done
  for folder in /etc/cni/net.d /var/lib/rancher/k3s/agent/etc/cni/net.d /etc/kubernetes/cni/net.d; do
    for file in "$root$folder"/*; do
      [ -f "$file" ] || continue
      head -c 100000 "$file" | tr , '\n' | sed -n 's|.*"dataDir"[[:space:]]*:[[:space:]]*"\(/[-A-Za-z0-9_./]*\)".*|\1|p'
    done
  done
}

# Prints files as an archive, because their content can be anything. Large files, and names that xargs would split,
# are only listed.
cni_files() {
  if ! have tar; then
    section missing tar
    return
  fi
  odd="*[[:cntrl:][:space:]\\\\\"']*"
  cni_folders 2>/dev/null | sort -u | while read -r path; do
    target=$(on_node "$path")
    [ -e "$target" ] || continue
    find "$target/" -xdev -maxdepth 4 -type f -size -2048 ! -path "$odd" 2>/dev/null | head -n 30000 >>"$work/files"
    find "$target/" -xdev -maxdepth 4 -type f \( ! -size -2048 -o -path "$odd" \) 2>/dev/null | head -n 100 >>"$work/odd"
    if [ -f "$target" ]; then echo "$target" >>"$work/files"; fi
  done
  section cni-odd
  cat "$work/odd" 2>/dev/null
  section cni-tar
  # tar warns that it removes the leading slash from names. With very many files, xargs makes several archives.
  if [ -s "$work/files" ]; then xargs tar -cf - <"$work/files" 2>/dev/null | head -c 60000000; fi
  section cni-tar-end
}

collect() {
  section begin 1
  uname -r
  date -u +%Y-%m-%dT%H:%M:%SZ
  tools
  section modules
  if [ -e /proc/modules ]; then
    cut -d ' ' -f 1 /proc/modules
  else
    echo none
  fi
  if ! readlink /proc/1/ns/net >/dev/null 2>&1; then
    section denied
    head -c 200 /proc/self/attr/current 2>/dev/null
  fi
  processes
  mounts
  namespaces
  section namespaces
  cat "$work/namespaces"
  print_ids
  words=''
  while [ "$count" -gt 0 ]; do
    words="$words $1"
    shift
    count=$((count - 1))
  done
  # shellcheck disable=SC2086 # words of hexadecimal digits and dashes
  select_namespaces $words >"$work/full"
  case $scope in
    all) read_links "$work/namespaces" ;;
    *) read_links "$work/full" ;;
  esac
  read_in_full "$@" <"$work/full"
  runtime
  if [ "$cni" = cni ]; then cni_files; fi
  section end
}

ip=''
if have ip; then ip=$program; fi
# busybox has an applet named ip, too.
"$ip" -V 2>/dev/null | grep -q iproute2 || ip=''
nsenter=''
if have nsenter; then nsenter=$program; fi
work=$(mktemp -d) || exit
trap 'rm -rf "$work"' EXIT
trap 'exit 143' TERM INT HUP
if have gzip; then
  collect "$@" | gzip -1
else
  collect "$@"
fi
