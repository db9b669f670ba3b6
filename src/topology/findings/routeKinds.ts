import { type FaultKind, type FaultValues, runOn, withCommands } from './kind.ts';

/** Addresses, routes, neighbours, and the kernel's checks before it forwards a packet. */
export const ROUTE_KINDS: Readonly<Record<string, FaultKind>> = {
  'address-missing': {
    severity: 'error',
    layer: 2,
    summary: 'No device of a pod has the address that the API server reports.',
    meaning: (v) =>
      `Packets to ${v('address')} reach a network namespace that does not have this address.`,
    fix: (v) =>
      withCommands(
        'recreate the pod, so that its address is set again',
        `kubectl delete pod ${v('podFlag')}`,
      ),
  },
  'address-unused': {
    severity: 'error',
    layer: 2,
    summary: 'No device has the address that the packet is sent to.',
    meaning: (v) =>
      `No device behind ${v('device')} has ${v('address')}: connections fail with "no route to host".`,
    fix: (v) =>
      withCommands(
        'find out which pod should have it; the pod may be gone, or the name or endpoint may be outdated',
        `kubectl get pods -A -o wide | grep ${v('address')}`,
      ),
  },
  'duplicate-address': {
    severity: 'error',
    layer: 2,
    summary: 'Two pods or devices have the same address.',
    meaning: (v) =>
      `${v('here')} and ${v('there')} both have ${v('address')}: which of them receives a packet is random.`,
    fix: (_v, { node }) =>
      withCommands(
        'recreate one of them, then check the address leases',
        `kubectl netdebug cni node/${node ?? 'NODE'}`,
      ),
  },
  'route-missing': {
    severity: 'error',
    layer: 3,
    summary: 'A namespace has no route to the destination, or only one that leads elsewhere.',
    meaning: (v) =>
      v('route') === ''
        ? `There is no route to ${v('destination')}: packets are refused as "network is unreachable".`
        : `The route to ${v('destination')} is missing: "${v('route')}" is used instead and leads elsewhere.`,
    fix: (v, where) => runOn(where, `ip route add ${routeWords(v)}`),
  },
  'route-wrong': {
    severity: 'error',
    layer: 3,
    summary: 'A route uses a device that does not lead to the destination.',
    meaning: (v) =>
      `"${v('route') || `dev ${v('device')}`}" sends packets to ${v('destination')} through ${v('device')}, which does not lead there.`,
    fix: (v, where) => runOn(where, `ip route replace ${routeWords(v)}`),
  },
  'route-blocked': {
    severity: 'error',
    layer: 3,
    summary: 'A route or rule of type blackhole, unreachable or prohibit matches the packet.',
    meaning: (v) =>
      `The ${v('rule') === '' ? 'route' : 'rule'} "${v('rule') || v('route')}" drops packets to ${v('destination')}.`,
    fix: (v, where) => runOn(where, v('deletion') || `ip route del ${v('route')}`),
  },
  'rule-missing': {
    severity: 'error',
    layer: 3,
    summary: 'No rule looks up the main routing table.',
    meaning: () =>
      'Routes of the main table are not used, because the rule that looks it up is missing.',
    fix: (_v, where) => runOn(where, 'ip rule add from all lookup main priority 32766'),
  },
  'routing-loop': {
    severity: 'error',
    layer: 3,
    summary: 'The routes form a loop.',
    meaning: (v) => `Packets to ${v('destination')} are forwarded until their TTL expires.`,
    fix: () => 'compare the routes of the nodes that appear twice in the path',
  },
  'forwarding-off': {
    severity: 'error',
    layer: 3,
    summary: 'The node does not forward packets.',
    meaning: (v) =>
      `Packets that arrive at ${v('device')} and are not for the node itself are dropped: pods can only reach addresses of their node.`,
    fix: (v, where) =>
      withCommands(
        `set it on ${where.node ?? 'the node'}, and in /etc/sysctl.d to keep it after a reboot`,
        `sysctl -w ${v('sysctl')}=1`,
      ),
  },
  'rp-filter': {
    severity: 'error',
    layer: 4,
    summary: 'The reverse path filter drops the packet.',
    meaning: (v) =>
      `Packets to ${v('source')} leave through ${v('back') || 'another device'}, not through ${v('device')}: with rp_filter ${v('effective') || 'on'}, the kernel drops the packet when it arrives.`,
    fix: (v, where) =>
      runOn(
        where,
        `sysctl -w net.ipv4.conf.all.rp_filter=2 net.ipv4.conf.${v('device')}.rp_filter=2`,
        `add a route to ${v('source')} through ${v('device')}, or`,
      ),
  },
  'gateway-unreachable': {
    severity: 'error',
    layer: 3,
    summary: 'No device on the segment has the next hop.',
    meaning: (v) =>
      `${v('gateway')}, the next hop, is not an address behind ${v('device')}: nothing answers when it is resolved, and packets are dropped.`,
    fix: (v) =>
      withCommands(
        `correct the route, give ${v('peer')} the address ${v('gateway')}, or enable proxy ARP on the node`,
        `sysctl -w net.ipv4.conf.${v('peer')}.proxy_arp=1`,
      ),
  },
  'neighbour-failed': {
    severity: 'warning',
    layer: 4,
    summary: 'The next hop did not answer the last request for its link-layer address.',
    meaning: (v) =>
      `${v('address')} gave no answer on ${v('device')} (${v('state')}): packets to it were dropped.`,
    fix: (v) =>
      withCommands(
        `make sure that ${v('address')} is up, then flush its entry`,
        `ip neigh flush to ${v('address')} dev ${v('device')}`,
      ),
  },
  'stale-neighbour': {
    severity: 'error',
    layer: 4,
    summary: 'A neighbour entry has a different link-layer address than the device.',
    meaning: (v) =>
      `Packets to ${v('address')} are sent to ${v('mac')}, which no device has; the actual address is ${v('real')}.`,
    fix: (v, where) => runOn(where, `ip neigh del ${v('address')} dev ${v('device')}`),
  },
};

/** The arguments of `ip route` for the expected route, as far as other routes show it. */
function routeWords(v: FaultValues): string {
  const prefix = v('prefix') || v('destination');
  if (v('expected') === '') return `${prefix} via GATEWAY dev DEVICE`;
  const hop = v('nextHop') === '' ? '' : ` via ${v('nextHop')}`;
  return `${prefix}${hop} dev ${v('expected')}${hop === '' ? '' : ' onlink'}`;
}
