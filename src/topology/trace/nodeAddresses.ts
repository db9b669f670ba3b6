import { nonEmptyText } from '../../jsonObject.ts';
import { sameAddress } from '../address.ts';
import type { Port } from '../topology.ts';
import type { WalkState } from './walkState.ts';

/** The node that has an address according to the API server, if it may have the destination and was not read. */
export function unreadNode(walk: WalkState, address: string): string | undefined {
  if (walk.destinationPlace !== undefined) return undefined;
  const { nodes, objects } = walk.topology.facts;
  return objects.nodes?.find(
    ({ name, addresses }) =>
      addresses.some((candidate) => sameAddress(candidate.address, address)) &&
      !nodes.some((node) => node.name === name),
  )?.name;
}

/** The address of the destination's node, of the family that a tunnel uses. */
export function nodeAddress(walk: WalkState, tunnel: Port): string | undefined {
  const node = walk.destinationPlace?.node;
  return node && hostAddress(walk, node.name, nonEmptyText(tunnel.link.data.local));
}

/** The address of a node according to the API server, of the same family as another address (IPv4 if it is absent). */
export function hostAddress(
  walk: WalkState,
  node: string,
  sameFamilyAs: string | undefined,
): string | undefined {
  const object = walk.topology.facts.objects.nodes?.find(({ name }) => name === node);
  const isIpv6 = sameFamilyAs?.includes(':') === true;
  return object?.addresses.find(
    ({ type, address }) => type === 'InternalIP' && address.includes(':') === isIpv6,
  )?.address;
}
