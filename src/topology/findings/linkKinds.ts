import { type FaultKind, inNamespace } from './kind.ts';

/** Devices and what joins them. */
export const LINK_KINDS: Readonly<Record<string, FaultKind>> = {
  'link-down': {
    severity: 'error',
    layer: 1,
    summary: 'A device on the way is set down.',
    meaning: (v) =>
      `${v('device')} is down: it drops every packet, and its routes are gone or dead.`,
    fix: (v, where) => inNamespace(where, `ip link set ${v('device')} up`),
  },
  'no-carrier': {
    severity: 'error',
    layer: 1,
    summary: 'A device is up and its other end is not.',
    meaning: (v) => `${v('device')} has no carrier: what it is connected to is down or gone.`,
    fix: (v) =>
      `set the other end of ${v('device')} up; for hardware, look at the cable and the switch`,
  },
  'interface-missing': {
    severity: 'error',
    layer: 1,
    summary:
      "A pod's namespace has no device but loopback, or a device that its plugin created is missing.",
    meaning: (v) =>
      v('device') === ''
        ? 'The pod has no interface: nothing reaches it, nothing leaves it.'
        : `The pod has no ${v('device')}: nothing reaches it or leaves it there.`,
    fix: (v) =>
      `recreate the pod, so that its network is set up again: kubectl delete pod ${v('podFlag')}`,
  },
  'loopback-down': {
    severity: 'error',
    layer: 1,
    summary: "A pod's loopback device is down.",
    meaning: () =>
      'Processes of the pod cannot reach each other at 127.0.0.1, ::1 or the own address of the pod.',
    fix: (_v, where) => inNamespace(where, 'ip link set lo up'),
  },
  'arp-off': {
    severity: 'error',
    layer: 2,
    summary: 'Address resolution is off at a device.',
    meaning: (v) =>
      `${v('device')} neither asks nor answers for link-layer addresses (NOARP): packets to ${v('address')} find no receiver.`,
    fix: (v, where) => inNamespace(where, `ip link set ${v('device')} arp on`),
  },
  'port-detached': {
    severity: 'error',
    layer: 1,
    summary: "A pod's host end is a port of no bridge, or of another one.",
    meaning: (v) =>
      `${v('device')} is not a port of ${v('bridge')}, which therefore cannot reach ${v('address')}.`,
    fix: (v) => `ip link set ${v('device')} master ${v('bridge')}`,
  },
  'port-not-forwarding': {
    severity: 'error',
    layer: 1,
    summary: 'A bridge port does not forward.',
    meaning: (v) => `The bridge keeps ${v('device')} in state ${v('state')}: it passes no packets.`,
    fix: (v) =>
      `bridge link set dev ${v('device')} state 3; where spanning tree runs, find the loop that it prevents`,
  },
  'port-isolated': {
    severity: 'error',
    layer: 1,
    summary: 'Two bridge ports are isolated from each other.',
    meaning: (v) =>
      `${v('device')} and ${v('other')} are both isolated: the bridge passes nothing between them.`,
    fix: (v) => `bridge link set dev ${v('device')} isolated off`,
  },
  'hairpin-off': {
    severity: 'error',
    layer: 1,
    summary: 'A pod reaches itself through a service, and its bridge port sends nothing back.',
    meaning: (v) =>
      `A bridge sends nothing out of the port it came in by unless hairpin is on: by ${v('device')} the pod cannot reach itself through a service.`,
    fix: (v) =>
      `bridge link set dev ${v('device')} hairpin on; for new pods set hairpinMode in the CNI configuration`,
  },
  'mtu-mismatch': {
    severity: 'error',
    layer: 1,
    summary:
      'The devices of one segment, or a tunnel and what carries it, have MTUs that do not fit.',
    meaning: (v) =>
      `Packets larger than ${v('device')} takes (${v('mtu')}) are dropped without a word: small ones pass, large ones hang.`,
    fix: (v, where) =>
      v('needed') === ''
        ? inNamespace(where, `ip link set ${v('device')} mtu ${v('otherMtu')}`)
        : `ip link set ${v('device')} mtu ${v('needed')} on ${where.node ?? 'NODE'}; or lower the MTU of ${v('other')} and of the pods`,
  },
};
