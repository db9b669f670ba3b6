import { type FaultKind, withCommands } from './kind.ts';

const RECREATE = () => 'delete the pod, so that its network is set up again';

/** Faults in the files of CNI plugins, and contradictions between them and the live network. */
export const FILE_KINDS: Readonly<Record<string, FaultKind>> = {
  'leaked-lease': {
    severity: 'warning',
    layer: 2,
    summary: 'Addresses are leased to sandboxes that no longer exist.',
    meaning: (v) =>
      `${v('count')} addresses of network ${v('network')} are leased to sandboxes that no longer exist${v('since')}: they cannot be given to new pods.`,
    fix: (v) =>
      withCommands(
        'make sure that no pod has the address, then remove its file on the node',
        `kubectl netdebug who ${v('address')}`,
      ),
  },
  'range-full': {
    severity: 'error',
    layer: 2,
    summary: 'A range of addresses is full, and new pods cannot start.',
    meaning: (v) =>
      `New pods cannot start on ${v('node')}: "no IP addresses available in range set".`,
    fix: (v) =>
      v('leaked') === '0'
        ? 'move pods to other nodes, or give the node a larger range'
        : 'remove the files of the leaked leases on the node, so that new pods can start',
  },
  'lease-mismatch': {
    severity: 'error',
    layer: 2,
    summary: 'An address in use has no lease, or the lease of another sandbox.',
    meaning: (v) =>
      v('isTaken') === 'yes'
        ? `Two sandboxes have ${v('address')}.`
        : `${v('address')} is recorded as free although a pod has it: another pod may get it too.`,
    fix: () => 'delete the pod, so that it gets a new address',
  },
  'address-mismatch': {
    severity: 'error',
    layer: 2,
    summary: 'The address that the plugin assigned to an interface is missing.',
    meaning: (v) =>
      `${v('device')} does not have its assigned address: packets to this address are not answered.`,
    fix: RECREATE,
  },
  'mac-mismatch': {
    severity: 'warning',
    layer: 2,
    summary: 'The MAC address of an interface was changed after the plugin set it.',
    meaning: () => 'Neighbours may still send to the old MAC address.',
    fix: RECREATE,
  },
  'pod-cidr-mismatch': {
    severity: 'error',
    layer: 2,
    summary: "The plugin gives out addresses outside the node's spec.podCIDRs.",
    meaning: () => 'Other nodes send packets for these pods elsewhere, so they are not delivered.',
    fix: () =>
      'restart the network plugin on the node so that it takes the new range, then recreate the pods of the node',
  },
  'bridge-address-mismatch': {
    severity: 'error',
    layer: 2,
    summary: "The bridge has an address outside the node's spec.podCIDRs.",
    meaning: (v) =>
      `The gateway of the pods on this node should be in ${v('cidrs')}, but the bridge has another address: pods cannot reach anything outside.`,
    fix: (v, where) =>
      withCommands(
        `delete the bridge on ${where.node ?? 'the node'}, which the plugin recreates, then recreate the pods of the node`,
        `ip link delete ${v('device')}`,
      ),
  },
  'no-cni-configuration': {
    severity: 'error',
    layer: 1,
    summary: 'No CNI configuration file is valid, and new pods cannot start.',
    meaning: () =>
      'The runtime finds no valid CNI configuration: new pods that do not use the host network cannot start.',
    fix: () => 'restart the network plugin (its DaemonSet writes the file), or repair the file',
  },
  'damaged-cni-file': {
    severity: 'warning',
    layer: 1,
    summary: 'A file is truncated, binary, empty, too large or not JSON.',
    meaning: () =>
      'The plugins cannot read this file: the address in it is not released, or the network is not set up.',
    fix: () =>
      'delete the pod that the file belongs to, then the file; configuration files are rewritten by their plugin',
  },
  'stale-cni-result': {
    severity: 'info',
    layer: 2,
    summary: 'The cache has the result of a sandbox that no longer exists.',
    meaning: () =>
      'The cache has the result of a sandbox that no longer exists; its addresses may still be leased.',
    fix: (v) =>
      withCommands(
        'check the leases; the file itself does no harm',
        `kubectl netdebug cni node/${v('node')}`,
      ),
  },
};
