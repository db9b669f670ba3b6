import type { FaultKind } from './kind.ts';

/** What the packets of `path --probe` showed. */
export const PROBE_KINDS: Readonly<Record<string, FaultKind>> = {
  'probe-lost': {
    severity: 'error',
    layer: 6,
    summary: 'A packet of the probe was seen at one device and at none behind it.',
    meaning: (v) =>
      [
        `${v('count')} of ${v('packets')} were lost ${v('between')}`,
        ...(v('plain') === 'arrived'
          ? [
              `a plain datagram to port ${v('port')} arrived: only packets of the tunnel are dropped on the way between the nodes`,
            ]
          : []),
        ...(v('plain') === 'lost'
          ? [`a plain datagram to port ${v('port')} was lost as well: the port is blocked`]
          : []),
      ].join('; '),
    fix: (v) =>
      v('plain') === ''
        ? 'look at the counters in the evidence, and at what is attached to these two devices (tc, eBPF, rules)'
        : `allow UDP port ${v('port')} between the nodes: security groups, firewalls of the cloud, network policies of the host`,
  },
  'probe-not-sent': {
    severity: 'error',
    layer: 6,
    summary: 'No packet of the probe left the sender.',
    meaning: () => 'The kernel of the sender sent nothing: it was not seen at its first device.',
    fix: () => 'look at the routes and rules of the sender: kubectl netdebug netns POD',
  },
  'probe-no-answer': {
    severity: 'error',
    layer: 6,
    summary: 'Packets of the probe came to the end of what can be watched, and no answer was seen.',
    meaning: (v) =>
      v('arrived') === 'yes'
        ? `${v('packets')} came to ${v('place')}, the last device of the path, and nothing answered: the receiver drops them, cannot answer, or its answer gets lost at once.`
        : `${v('packets')} were last seen at ${v('place')}, where the path leaves what can be watched.`,
    fix: () =>
      'look at the rules, routes and processes of the receiver: kubectl netdebug netns POD',
  },
  'probe-too-big': {
    severity: 'warning',
    layer: 6,
    summary: 'A full-size packet that may not be fragmented does not pass.',
    meaning: (v) =>
      v('mtu') === ''
        ? `A packet of ${v('bytes')} bytes was lost without an ICMP error: connections hang once they send much (a black hole).`
        : `A packet of ${v('bytes')} bytes is too large: ${v('reporter')} reports an MTU of ${v('mtu')}.`,
    fix: (v) =>
      v('mtu') === ''
        ? 'make the MTU of the pods small enough for the way, and let ICMP "fragmentation needed" pass'
        : `ip link set dev eth0 mtu ${v('mtu')} in the pod, or the MTU of the network plugin`,
  },
  'probe-checksum': {
    severity: 'error',
    layer: 4,
    summary: 'Packets with wrong checksums arrived while the probe ran.',
    meaning: (v) =>
      `${v('counter')} of ${v('node')} grew by ${v('by')}: a device on the way leaves checksums of tunnelled packets wrong.`,
    fix: () =>
      'switch off the offload of checksums on the tunnel device of the sender: ethtool -K flannel.1 tx-checksum-ip-generic off',
  },
};
