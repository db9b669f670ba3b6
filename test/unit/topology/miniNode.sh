# A small node in its own namespaces: miniNode.sh COLLECT INSIDE SCRATCH NODE CHOSEN SHELL...
#
# NODE is the path of Node's program.
#
# Run by `unshare -m -n -p -f --mount-proc --propagation private`. It has a bridge, two pods, which are namespaces, one of
# them with a second interface, a namespace that is held only by a mount, and files of CNI plugins, valid and invalid. The
# folder SCRATCH gets the output of collect.sh, and that of other programs about the same objects.
collect=$1 inside=$2 scratch=$3 node=$4 chosen=$5
shift 5
mount -t tmpfs tmpfs /run
mkdir -p /run/netns /run/flannel /run/containerd/io.containerd.runtime.v2.task/k8s.io
for folder in etc var/lib; do
  mkdir -p "/run/over/$folder/upper" "/run/over/$folder/work"
  mount -t overlay overlay -o "lowerdir=/$folder,upperdir=/run/over/$folder/upper,workdir=/run/over/$folder/work" "/$folder"
done
rm -rf /etc/cni /var/lib/cni
mkdir -p /etc/cni/net.d /var/lib/cni

ip link set lo up
sysctl -qw net.ipv4.ip_forward=1
ip link add cni0 type bridge
ip link set cni0 up
ip addr add 10.244.1.1/24 dev cni0
ip addr add fd00:1::1/64 dev cni0 nodad
ip link add flannel.1 type vxlan id 1 local 10.244.1.1 dstport 8472 nolearning
ip link set flannel.1 mtu 1450 up
ip neigh add 10.244.2.0 lladdr 2e:01:02:03:04:05 dev flannel.1 nud permanent
bridge fdb append 2e:01:02:03:04:05 dev flannel.1 dst 192.0.2.11 self permanent
ip route add 10.244.2.0/24 via 10.244.2.0 dev flannel.1 onlink
ip rule add from 10.244.1.7 lookup 100 pref 1536

unshare -n sleep 1000 &
first=$!
unshare -n sleep 1000 &
second=$!
while [ "$(readlink /proc/$first/ns/net)" = "$(readlink /proc/1/ns/net)" ] || [ "$(readlink /proc/$second/ns/net)" = "$(readlink /proc/1/ns/net)" ]; do :; done
ip link add vethfirst type veth peer name eth0 netns "$first"
ip link set vethfirst master cni0 up
ip link add vethsecond type veth peer name eth0 netns "$second"
ip link set vethsecond master cni0 up
esc=$(printf '\033')
ip link add "e${esc}[31mx" type veth peer name net1 netns "$second"
nsenter -t "$first" -n sh -c 'ip link set lo up; ip link set eth0 up mtu 1400; ip addr add 10.244.1.7/24 dev eth0; ip route add default via 10.244.1.1; ip addr add fd00:1::7/64 dev eth0 nodad'
nsenter -t "$second" -n sh -c 'ip link set lo up; ip addr add 10.244.1.8/24 dev eth0; ip addr add 192.0.2.8/24 dev net1'
: >/run/netns/cni-0e5ffd4a-8b6e-6a55-0d1c-2b3a4e5f0a4a
unshare --net=/run/netns/cni-0e5ffd4a-8b6e-6a55-0d1c-2b3a4e5f0a4a true
nsenter -t "$first" -n "$node" -e 'require("net").createServer().listen(8080, "0.0.0.0", () => {
  require("dgram").createSocket("udp4").bind(53, "127.0.0.1", () => require("fs").writeFileSync(process.argv[1], ""));
}); setTimeout(() => {}, 1e6)' "$scratch/listening" &
listener=$!
while ! [ -e "$scratch/listening" ]; do sleep 0.05; done

id=$(printf 'a%.0s' $(seq 64))
old=$(printf 'b%.0s' $(seq 64))
networks=/var/lib/cni/networks/cbr0
mkdir -p "$networks" /var/lib/cni/results /var/lib/cni/flannel "/run/containerd/io.containerd.runtime.v2.task/k8s.io/$id"
printf '%s\r\neth0' "$id" >"$networks/10.244.1.7"
printf '%s' "$old" >"$networks/10.244.1.9"
printf '\000\001' >"$networks/10.244.1.10"
printf '10.244.1.9' >"$networks/last_reserved_ip.0"
: >"$networks/lock"
printf '{"kind":"cniCacheV1","containerId":"%s","config":"%s","ifName":"eth0","networkName":"cbr0","cniArgs":[["IgnoreUnknown","1"],["K8S_POD_NAMESPACE","shop"],["K8S_POD_NAME","pod-1"]],"capabilityArgs":{"io.kubernetes.cri.pod-annotations":{"note":"hunter2"}},"result":{"cniVersion":"0.3.1","interfaces":[{"name":"cni0","mac":"9a:00:00:00:00:01"},{"name":"eth0","mac":"9a:00:00:00:00:02","sandbox":"/var/run/netns/cni-1"}],"ips":[{"version":"4","interface":1,"address":"10.244.1.7/24","gateway":"10.244.1.1"}],"routes":[{"dst":"10.244.0.0/16"},{"dst":"0.0.0.0/0","gw":"10.244.1.1"}],"dns":{}}}' \
  "$id" "$(printf '{"cniVersion":"0.3.1","name":"cbr0","type":"flannel","delegate":{"token":"s3cret"}}' | base64 -w 0)" >"/var/lib/cni/results/cbr0-$id-eth0"
printf '{"cniVersion":"0.2.0","ip4":{"ip":"10.244.1.9/24","gateway":"10.244.1.1","routes":[{"dst":"0.0.0.0/0"}]}}' >"/var/lib/cni/results/my-net-$old-eth0"
head -c 300 "/var/lib/cni/results/cbr0-$id-eth0" >"/var/lib/cni/results/cut-$id-eth0"
head -c 2000000 /dev/zero >"/var/lib/cni/results/huge-$id-eth0"
head -c 500 /dev/urandom | tr '\001-\037' '\000' >"/var/lib/cni/results/binary-$id-eth0"
printf '{}' >"/var/lib/cni/results/bad name${esc}[2J"
printf '{"name":"cbr0","type":"bridge"}' >"/var/lib/cni/flannel/$id"
printf 'FLANNEL_NETWORK=10.244.0.0/16\nFLANNEL_SUBNET=10.244.1.1/24\nFLANNEL_MTU=1450\n' >/run/flannel/subnet.env
printf '{"name":"cbr0","cniVersion":"0.3.1","plugins":[{"type":"flannel"},{"type":"portmap"}]}' >/etc/cni/net.d/10-flannel.conflist
printf '{"name":' >/etc/cni/net.d/05-broken.conflist
printf '{"name":"other","type":"ptp"}' >/etc/cni/net.d/99-other.conf

"$@" "$collect" collect "$inside" TOKEN all rules cni 1 "$(if [ "$chosen" = first ]; then readlink "/proc/$first/ns/net" | tr -dc 0-9; else echo "$chosen"; fi)" 10.244.1.7 10.244.1.7,10.244.2.9 fd00:1::1,fd00:1::7 >"$scratch/collected"
ip -j route get 10.244.1.7 from 10.244.2.9 iif flannel.1 >"$scratch/forwarded"
nsenter -t "$first" -n ip -j route get fd00:1::1 from fd00:1::7 >"$scratch/sent"
echo "$?" >"$scratch/code"
lsns -l -t net -J -o NS,NPROCS,PID,USER,NETNSID,COMMAND >"$scratch/lsns"
ip -j -d addr >"$scratch/addr"
nsenter -t "$second" -n ip -j -d addr >"$scratch/second"
ip -j -4 route show table all >"$scratch/route4"
ip -j neigh >"$scratch/neigh"
bridge -j fdb >"$scratch/fdb"
kill "$first" "$second" "$listener"
