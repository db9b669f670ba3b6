import { type FaultKind, withCommands } from './kind.ts';

/** Findings from the packets of `path --probe`. */
export const PROBE_KINDS: Readonly<Record<string, FaultKind>> = {
  'probe-lost': {
    severity: 'error',
    layer: 6,
    summary: 'A packet of the probe was seen at one device, but not at the devices after it.',
    meaning: (v) =>
      [
        `${v('count')} of ${v('packets')} were lost ${v('between')}`,
        ...(v('plain') === 'arrived'
          ? [
              `a plain datagram to port ${v('port')} arrived: only tunnel packets are dropped between the nodes`,
            ]
          : []),
        ...(v('plain') === 'lost'
          ? [`a plain datagram to port ${v('port')} was lost as well: the port is blocked`]
          : []),
      ].join('; '),
    fix: (v) =>
      v('plain') === ''
        ? 'check the counters in the evidence, and what is attached to these two devices (tc, eBPF, rules)'
        : `allow UDP port ${v('port')} between the nodes in security groups, firewalls of the cloud and network policies of the host`,
  },
  'probe-not-sent': {
    severity: 'error',
    layer: 6,
    summary: 'No packet of the probe left the sender.',
    meaning: () => 'The kernel of the sender sent nothing: no packet was seen at its first device.',
    fix: () =>
      withCommands('check the routes and rules of the sender', 'kubectl netdebug netns POD'),
  },
  'probe-no-answer': {
    severity: 'error',
    layer: 6,
    summary:
      'Packets of the probe reached the last device that can be watched, but no answer was seen.',
    meaning: (v) =>
      v('arrived') === 'yes'
        ? `${v('packets')} reached ${v('place')}, the last device of the path, and nothing answered: the receiver drops them, cannot answer, or its answers are lost immediately.`
        : `${v('packets')} were last seen at ${v('place')}, the last device of the path that can be watched.`,
    fix: () =>
      withCommands(
        'check the rules, routes and processes of the receiver',
        'kubectl netdebug netns POD',
      ),
  },
  'probe-too-big': {
    severity: 'warning',
    layer: 6,
    summary: 'A full-size packet with "do not fragment" set does not pass.',
    meaning: (v) =>
      v('mtu') === ''
        ? `A packet of ${v('bytes')} bytes was lost without an ICMP error: connections hang as soon as they send full-size packets (a black hole).`
        : `A packet of ${v('bytes')} bytes is too large: ${v('reporter')} reports an MTU of ${v('mtu')}.`,
    fix: (v) =>
      v('mtu') === ''
        ? 'reduce the MTU of the pods to that of the path, and allow ICMP "fragmentation needed"'
        : withCommands(
            'change the MTU of the network plugin, or run in the network of the pod',
            `ip link set dev eth0 mtu ${v('mtu')}`,
          ),
  },
  'probe-checksum': {
    severity: 'error',
    layer: 4,
    summary: 'Packets with wrong checksums arrived while the probe ran.',
    meaning: (v) =>
      `${v('counter')} of ${v('node')} grew by ${v('by')}: a device on the path leaves wrong checksums in tunnelled packets.`,
    fix: () =>
      withCommands(
        'disable checksum offload on the tunnel device of the sender, for example with flannel',
        'ethtool -K flannel.1 tx-checksum-ip-generic off',
      ),
  },
};
