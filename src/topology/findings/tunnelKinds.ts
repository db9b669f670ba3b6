import { type FaultKind, runOn, withCommands } from './kind.ts';

const RESTART_PLUGIN = "restart the network plugin's pod on this node, or";

/** Tunnels between nodes. */
export const TUNNEL_KINDS: Readonly<Record<string, FaultKind>> = {
  'tunnel-missing': {
    severity: 'error',
    layer: 1,
    summary: 'The other node has no tunnel device.',
    meaning: (v) =>
      `${v('farNode')} has no ${v('kind')} device: it cannot decapsulate packets from ${v('device')}.`,
    fix: (v) => `restart the network plugin's pod on ${v('farNode')}, which creates the device`,
  },
  'tunnel-address-missing': {
    severity: 'error',
    layer: 2,
    summary: 'The source address of a tunnel is not an address of its node.',
    meaning: (v) =>
      `${v('device')} sends from ${v('local')}, which is not an address of this node: the address of the node has changed since the tunnel was created, and the kernel sends nothing.`,
    fix: (v) =>
      `restart the network plugin's pod on this node, so that the tunnel is recreated${v('expected') === '' ? '' : ` from ${v('expected')}`}, or give the node the address ${v('local')} again`,
  },
  'tunnel-mismatch': {
    severity: 'error',
    layer: 4,
    summary: 'The ends of a tunnel differ in identifier or port.',
    meaning: (v) =>
      `The ends do not accept each other's packets: ${v('differs')} is ${v('near')} here, but ${v('far')} on ${v('farNode')}.`,
    fix: () => "restart the network plugin's pod on the node that differs from its configuration",
  },
  'vtep-neighbour-missing': {
    severity: 'error',
    layer: 4,
    summary: 'The neighbour entry for the other end of the tunnel is missing.',
    meaning: (v) =>
      `${v('device')} does not know the link-layer address of ${v('nextHop')}, and a tunnel without learning does not resolve it: packets are dropped.`,
    fix: (v, where) =>
      runOn(
        where,
        `ip neigh replace ${v('nextHop')} lladdr ${v('real') || 'MAC'} dev ${v('device')} nud permanent`,
        RESTART_PLUGIN,
      ),
  },
  'fdb-missing': {
    severity: 'error',
    layer: 4,
    summary: 'The forwarding table of a tunnel has no entry for a link-layer address.',
    meaning: (v) => `${v('device')} does not know which node has ${v('mac')}: packets are dropped.`,
    fix: (v, where) =>
      runOn(
        where,
        `bridge fdb append ${v('mac')} dev ${v('device')} dst ${v('remote') || 'NODE-ADDRESS'} self permanent`,
        RESTART_PLUGIN,
      ),
  },
  'fdb-wrong-node': {
    severity: 'error',
    layer: 4,
    summary: 'The forwarding table of a tunnel leads to the wrong node.',
    meaning: (v) =>
      `${v('device')} sends packets for ${v('destination')} to ${v('remote')}, ${v('wrongNode') ? `which is ${v('wrongNode')}` : 'which is not the address of a node'}.`,
    fix: (v, where) =>
      runOn(
        where,
        `bridge fdb replace ${v('mac') || 'MAC'} dev ${v('device')} dst ${v('expected') || 'NODE-ADDRESS'} self permanent`,
        RESTART_PLUGIN,
      ),
  },
  'stale-vtep-mac': {
    severity: 'error',
    layer: 4,
    summary:
      'The link-layer address of a tunnel device has changed, but other nodes still use the old one.',
    meaning: (v) =>
      `Frames to ${v('mac')} arrive at ${v('farNode')}, but its ${v('farDevice')} has ${v('real')} and drops them. Outdated: ${v('stale')}.`,
    fix: (v, where) =>
      runOn(
        where,
        [
          `ip neigh replace ${v('nextHop')} lladdr ${v('real')} dev ${v('device')} nud permanent`,
          `bridge fdb append ${v('real')} dev ${v('device')} dst ${v('remote') || 'NODE-ADDRESS'} self permanent`,
        ],
        `restart the network plugin's pod on ${v('farNode')}, or`,
      ),
  },
  'checksum-offload': {
    severity: 'warning',
    layer: 4,
    summary: 'Tunnelled packets arrive with wrong checksums.',
    meaning: (v) =>
      `${v('count')} UDP packets arrived at ${v('farNode')} with a wrong checksum. ${v('device')} leaves checksums to the hardware, which some kernels get wrong behind NAT.`,
    fix: (v) =>
      withCommands('run on both nodes', `ethtool -K ${v('device')} tx-checksum-ip-generic off`),
  },
};
