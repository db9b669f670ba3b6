/**
 * Rules in the three forms of kube-proxy, written after its source (pkg/proxy, Kubernetes 1.36), for the network of
 * `namespaces.ts`: service shop/web on 10.96.0.10:80 leads to 10.2.0.4 and 10.2.0.5 port 8080, shop/empty on
 * 10.96.5.5:80 has no endpoint. Pods are 10.1.0.2 and 10.1.0.3.
 */
export const KUBE_PROXY_NFTABLES = `
table ip kube-proxy {
  set cluster-ips { type ipv4_addr; elements = { 10.96.0.10, 10.96.5.5 }; }
  set nodeport-ips { type ipv4_addr; elements = { 10.1.0.1 }; }
  map no-endpoint-services {
    type ipv4_addr . inet_proto . inet_service : verdict
    elements = { 10.96.5.5 . udp . 80 comment "shop/empty:http" : goto reject-chain }
  }
  map service-ips {
    type ipv4_addr . inet_proto . inet_service : verdict
    elements = { 10.96.0.10 . udp . 80 comment "shop/web:http" : goto service-ULMVA6XW-shop/web/udp/http }
  }
  map service-nodeports {
    type inet_proto . inet_service : verdict
    elements = { udp . 30080 comment "shop/web:http" : goto external-ULMVA6XW-shop/web/udp/http }
  }
  chain reject-chain { reject; }
  chain mark-for-masquerade { meta mark set meta mark or 0x4000; }
  chain masquerading {
    meta mark & 0x4000 == 0 return
    meta mark set meta mark xor 0x4000
    masquerade fully-random
  }
  chain endpoint-5OJB2KTY-shop/web/udp/http__10.2.0.4/8080 {
    ip saddr 10.2.0.4 jump mark-for-masquerade
    meta l4proto udp dnat to 10.2.0.4:8080
  }
  chain endpoint-GTK6MW7G-shop/web/udp/http__10.2.0.5/8080 {
    ip saddr 10.2.0.5 jump mark-for-masquerade
    meta l4proto udp dnat to 10.2.0.5:8080
  }
  chain service-ULMVA6XW-shop/web/udp/http {
    ip daddr 10.96.0.10 udp dport 80 ip saddr != 10.1.0.2 jump mark-for-masquerade
    numgen random mod 2 vmap { 0 : goto endpoint-5OJB2KTY-shop/web/udp/http__10.2.0.4/8080, 1 : goto endpoint-GTK6MW7G-shop/web/udp/http__10.2.0.5/8080 }
  }
  chain external-ULMVA6XW-shop/web/udp/http {
    jump mark-for-masquerade
    goto service-ULMVA6XW-shop/web/udp/http
  }
  chain services {
    ip daddr . meta l4proto . th dport vmap @service-ips
    ip daddr @nodeport-ips meta l4proto . th dport vmap @service-nodeports
  }
  chain service-endpoints-check { ip daddr . meta l4proto . th dport vmap @no-endpoint-services; }
  chain cluster-ips-check {
    ip daddr @cluster-ips reject comment "Reject traffic to invalid ports of ClusterIPs"
    ip daddr 10.96.0.0/12 drop comment "Drop traffic to unallocated ClusterIPs"
  }
  chain filter-forward {
    type filter hook forward priority -110;
    ct state new jump service-endpoints-check
    ct state new jump cluster-ips-check
  }
  chain nat-prerouting { type nat hook prerouting priority dstnat; jump services; }
  chain nat-output { type nat hook output priority -100; jump services; }
  chain nat-postrouting { type nat hook postrouting priority srcnat; jump masquerading; }
}
`;

/** For iptables-restore. */
export const KUBE_PROXY_IPTABLES = `*nat
:KUBE-SERVICES - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-SVC-ULMVA6XWYWTHGVQR - [0:0]
:KUBE-EXT-ULMVA6XWYWTHGVQR - [0:0]
:KUBE-SEP-A4OJB2KTY5OJB2KT - [0:0]
:KUBE-SEP-BTK6MW7GGTK6MW7G - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A KUBE-SERVICES -d 10.96.0.10/32 -p udp -m comment --comment "shop/web:http cluster IP" -m udp --dport 80 -j KUBE-SVC-ULMVA6XWYWTHGVQR
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-NODEPORTS -p udp -m comment --comment "shop/web:http" -m udp --dport 30080 -j KUBE-EXT-ULMVA6XWYWTHGVQR
-A KUBE-EXT-ULMVA6XWYWTHGVQR -m comment --comment "masquerade traffic for shop/web:http external destinations" -j KUBE-MARK-MASQ
-A KUBE-EXT-ULMVA6XWYWTHGVQR -j KUBE-SVC-ULMVA6XWYWTHGVQR
-A KUBE-SVC-ULMVA6XWYWTHGVQR ! -s 10.1.0.2/32 -d 10.96.0.10/32 -p udp -m comment --comment "shop/web:http cluster IP" -m udp --dport 80 -j KUBE-MARK-MASQ
-A KUBE-SVC-ULMVA6XWYWTHGVQR -m comment --comment "shop/web:http -> 10.2.0.4:8080" -m statistic --mode random --probability 0.50000000000 -j KUBE-SEP-A4OJB2KTY5OJB2KT
-A KUBE-SVC-ULMVA6XWYWTHGVQR -m comment --comment "shop/web:http -> 10.2.0.5:8080" -j KUBE-SEP-BTK6MW7GGTK6MW7G
-A KUBE-SEP-A4OJB2KTY5OJB2KT -s 10.2.0.4/32 -m comment --comment "shop/web:http" -j KUBE-MARK-MASQ
-A KUBE-SEP-A4OJB2KTY5OJB2KT -p udp -m comment --comment "shop/web:http" -m udp -j DNAT --to-destination 10.2.0.4:8080
-A KUBE-SEP-BTK6MW7GGTK6MW7G -s 10.2.0.5/32 -m comment --comment "shop/web:http" -j KUBE-MARK-MASQ
-A KUBE-SEP-BTK6MW7GGTK6MW7G -p udp -m comment --comment "shop/web:http" -m udp -j DNAT --to-destination 10.2.0.5:8080
-A KUBE-MARK-MASQ -j MARK --or-mark 0x4000
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --xor-mark 0x4000
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
COMMIT
*filter
:FORWARD DROP [0:0]
:KUBE-FORWARD - [0:0]
:KUBE-SERVICES - [0:0]
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -s 10.1.0.0/24 -j ACCEPT
-A KUBE-SERVICES -d 10.96.5.5/32 -p udp -m comment --comment "shop/empty:http has no endpoints" -m udp --dport 80 -j REJECT --reject-with icmp-port-unreachable
COMMIT
`;
