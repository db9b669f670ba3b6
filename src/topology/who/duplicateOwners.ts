import type { NetworkFinding } from '../findings/finding.ts';
import type { Owner } from './owner.ts';

/** A finding for an address with several owners: packets only reach one of them. */
export function duplicateOwners(owners: readonly Owner[], address: string): NetworkFinding[] {
  const names = [...new Set(owners.map(holderText))];
  const [first] = owners;
  if (names.length < 2 || first === undefined) return [];
  return [
    {
      kind: 'duplicate-address',
      severity: 'error',
      where: {
        ...(first.node !== null && { node: first.node }),
        ...(first.interface !== null && { device: first.interface }),
      },
      evidence: names.map((name) => `${address} belongs to ${name}`).join('\n'),
      meaning: `${address} has ${names.length} owners: packets to it reach only one of them.`,
      fix: 'delete the pod that should not have the address, so that it gets a new one; kubectl netdebug cni node/NAME shows the leases',
    },
  ];
}

/** The owner in words. Devices are left out, because a node may have the same address on several of its devices. */
function holderText({ kind, pod, podNamespace, node, service, netns }: Owner): string {
  if (service !== null) return `service ${service}`;
  if (pod !== null) return `pod ${podNamespace ?? ''}/${pod}`;
  if (kind === 'node') return `node ${node}`;
  return `network namespace ${netns} on node ${node}`;
}
