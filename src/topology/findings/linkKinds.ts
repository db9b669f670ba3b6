import { type FaultKind, runOn, withCommands } from './kind.ts';

/** Devices and their connections. */
export const LINK_KINDS: Readonly<Record<string, FaultKind>> = {
  'link-down': {
    severity: 'error',
    layer: 1,
    summary: 'A device on the path is down.',
    meaning: (v) =>
      `${v('device')} is down: it drops every packet, and its routes are removed or dead.`,
    fix: (v, where) => runOn(where, `ip link set ${v('device')} up`),
  },
  'no-carrier': {
    severity: 'error',
    layer: 1,
    summary: 'A device is up, but its other end is not.',
    meaning: (v) => `${v('device')} has no carrier: its other end is down or removed.`,
    fix: (v) =>
      `set the other end of ${v('device')} up; if it is hardware, check the cable and the switch`,
  },
  'interface-missing': {
    severity: 'error',
    layer: 1,
    summary:
      "A pod's network namespace only has a loopback device, or a device that its plugin created is missing.",
    meaning: (v) =>
      v('device') === ''
        ? 'The pod has no interface: it cannot send or receive packets.'
        : `The pod has no ${v('device')}: it cannot send or receive packets there.`,
    fix: (v) =>
      withCommands(
        'recreate the pod, so that its network is set up again',
        `kubectl delete pod ${v('podFlag')}`,
      ),
  },
  'loopback-down': {
    severity: 'error',
    layer: 1,
    summary: "A pod's loopback device is down.",
    meaning: () =>
      'Processes of the pod cannot reach each other at 127.0.0.1, ::1 or the address of the pod.',
    fix: (_v, where) => runOn(where, 'ip link set lo up'),
  },
  'arp-off': {
    severity: 'error',
    layer: 2,
    summary: 'Address resolution is disabled on a device.',
    meaning: (v) =>
      `${v('device')} does not resolve link-layer addresses (NOARP): packets to ${v('address')} are not delivered.`,
    fix: (v, where) => runOn(where, `ip link set ${v('device')} arp on`),
  },
  'arp-ignored': {
    severity: 'error',
    layer: 2,
    summary: 'A device does not answer ARP requests for its address (arp_ignore).',
    meaning: (v) =>
      `${v('device')} does not answer for ${v('address')}: packets to it find no receiver.`,
    fix: (v, where) => runOn(where, `sysctl -w net.ipv4.conf.${v('setting')}.arp_ignore=0`),
  },
  'port-detached': {
    severity: 'error',
    layer: 1,
    summary: "The host end of a pod's device is not attached to its bridge.",
    meaning: (v) =>
      `${v('device')} is not a port of ${v('bridge')}, so the bridge cannot reach ${v('address')}.`,
    fix: (v, where) => runOn(where, `ip link set ${v('device')} master ${v('bridge')}`),
  },
  'port-not-forwarding': {
    severity: 'error',
    layer: 1,
    summary: 'A bridge port does not forward.',
    meaning: (v) =>
      `The bridge port ${v('device')} is in state ${v('state')} and forwards no packets.`,
    fix: (v, where) =>
      runOn(
        where,
        `bridge link set dev ${v('device')} state 3`,
        'if spanning tree is in use, find the loop that it prevents; otherwise',
      ),
  },
  'port-isolated': {
    severity: 'error',
    layer: 1,
    summary: 'Two bridge ports are isolated from each other.',
    meaning: (v) =>
      `${v('device')} and ${v('other')} are both isolated: the bridge forwards nothing between them.`,
    fix: (v, where) => runOn(where, `bridge link set dev ${v('device')} isolated off`),
  },
  'hairpin-off': {
    severity: 'error',
    layer: 1,
    summary:
      'A pod connects to itself through a service, but hairpin mode of its bridge port is off.',
    meaning: (v) =>
      `A bridge does not send a packet back through the port it came from unless hairpin mode is on: through ${v('device')}, the pod cannot reach itself by way of a service.`,
    fix: (v, where) =>
      runOn(
        where,
        `bridge link set dev ${v('device')} hairpin on`,
        'set hairpinMode in the CNI configuration for new pods, and',
      ),
  },
  'network-emulation': {
    severity: 'warning',
    layer: 1,
    summary:
      'A device loses, delays or damages packets because somebody simulates a bad network (netem).',
    meaning: (v) => `${v('device')} ${v('effects')}: netem simulates a bad network there.`,
    fix: (v, where) =>
      runOn(
        where,
        `tc qdisc del dev ${v('device')} root`,
        'stop the experiment of the tool that added it, such as Chaos Mesh, or',
      ),
  },
  'rate-limit': {
    severity: 'info',
    layer: 1,
    summary: 'A device limits the rate of what it sends.',
    meaning: (v) =>
      `${v('device')} sends at most ${v('rate')}; excess packets are delayed, or dropped if the queue is full.`,
    fix: () =>
      'change the annotations kubernetes.io/ingress-bandwidth and kubernetes.io/egress-bandwidth of the pod, and recreate it',
  },
  'mtu-mismatch': {
    severity: 'error',
    layer: 1,
    summary:
      'The MTUs of the devices of a segment, or of a tunnel and its underlying device, do not match.',
    meaning: (v) =>
      `Packets larger than the MTU of ${v('device')} (${v('mtu')}) are dropped silently: small transfers work, large ones hang.`,
    fix: (v, where) =>
      v('needed') === ''
        ? runOn(where, `ip link set ${v('device')} mtu ${v('otherMtu')}`)
        : runOn(
            where,
            `ip link set ${v('device')} mtu ${v('needed')}`,
            `lower the MTU of ${v('other')} and of the pods, or`,
          ),
  },
};
