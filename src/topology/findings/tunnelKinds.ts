import type { FaultKind } from './kind.ts';

/** Tunnels between nodes. */
export const TUNNEL_KINDS: Readonly<Record<string, FaultKind>> = {
  'tunnel-missing': {
    severity: 'error',
    layer: 1,
    summary: 'The other node has no device for the tunnel.',
    meaning: (v) =>
      `${v('farNode')} has no ${v('kind')} device: it cannot unpack what ${v('device')} sends.`,
    fix: (v) => `restart the network plugin's pod on ${v('farNode')}, which makes the device`,
  },
  'tunnel-address-missing': {
    severity: 'error',
    layer: 2,
    summary: 'A tunnel sends from an address that its node does not have.',
    meaning: (v) =>
      `${v('device')} sends from ${v('local')}, which is not an address of this node: the node's address has changed since the tunnel was made, and the kernel sends nothing.`,
    fix: (v) =>
      `restart the network plugin's pod on this node, so that the tunnel is made again${v('expected') === '' ? '' : ` from ${v('expected')}`}; or give the node the address ${v('local')} again`,
  },
  'tunnel-mismatch': {
    severity: 'error',
    layer: 4,
    summary: 'The ends of a tunnel differ in identifier or port.',
    meaning: (v) =>
      `The ends do not take each other's packets: ${v('differs')} ${v('near')} here, ${v('far')} on ${v('farNode')}.`,
    fix: () => "restart the network plugin's pod on the node that differs from its configuration",
  },
  'vtep-neighbour-missing': {
    severity: 'error',
    layer: 4,
    summary: 'There is no neighbour entry for the tunnel end of the other node.',
    meaning: (v) =>
      `${v('device')} does not know the link-layer address of ${v('nextHop')}, and a tunnel without learning does not ask for it: packets are dropped.`,
    fix: (v) =>
      `ip neigh replace ${v('nextHop')} lladdr ${v('real') || 'MAC'} dev ${v('device')} nud permanent; or restart the network plugin's pod on this node`,
  },
  'fdb-missing': {
    severity: 'error',
    layer: 4,
    summary: 'The forwarding table of a tunnel names no node for a link-layer address.',
    meaning: (v) => `${v('device')} does not know which node has ${v('mac')}: packets are dropped.`,
    fix: (v) =>
      `bridge fdb append ${v('mac')} dev ${v('device')} dst ${v('remote') || 'NODE-ADDRESS'} self permanent; or restart the network plugin's pod on this node`,
  },
  'fdb-wrong-node': {
    severity: 'error',
    layer: 4,
    summary: 'The forwarding table of a tunnel leads to another node.',
    meaning: (v) =>
      `${v('device')} sends packets for ${v('destination')} to ${v('remote')}, ${v('wrongNode') ? `which is ${v('wrongNode')}` : 'an address of no node'}.`,
    fix: (v) =>
      `bridge fdb replace ${v('mac') || 'MAC'} dev ${v('device')} dst ${v('expected') || 'NODE-ADDRESS'} self permanent; or restart the network plugin's pod on this node`,
  },
  'stale-vtep-mac': {
    severity: 'error',
    layer: 4,
    summary:
      "The link-layer address of a node's tunnel end has changed; others still use the old one.",
    meaning: (v) =>
      `Frames arrive at ${v('farNode')} for ${v('mac')}; its ${v('farDevice')} has ${v('real')} and drops them. Stale: ${v('stale')}.`,
    fix: (v) =>
      `ip neigh replace ${v('nextHop')} lladdr ${v('real')} dev ${v('device')} nud permanent; bridge fdb append ${v('real')} dev ${v('device')} dst ${v('remote') || 'NODE-ADDRESS'} self permanent; or restart the network plugin's pod on ${v('farNode')}`,
  },
  'checksum-offload': {
    severity: 'warning',
    layer: 4,
    summary: 'Checksums of tunnelled packets arrive wrong.',
    meaning: (v) =>
      `${v('count')} UDP packets came to ${v('farNode')} with a wrong checksum, and ${v('device')} leaves checksums to the hardware: behind NAT some kernels get them wrong.`,
    fix: (v) => `ethtool -K ${v('device')} tx-checksum-ip-generic off, on both nodes`,
  },
};
