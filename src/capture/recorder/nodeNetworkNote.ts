import type { Debugger } from '../../debugger/place.ts';

/** Tells the user what is in a capture of a node's network, and what is not. */
export function nodeNetworkNote(
  { ofNode, ownPorts }: Pick<Debugger, 'ofNode' | 'ownPorts'>,
  pod: string | undefined,
): string | undefined {
  if (!ofNode) return undefined;
  const ports = ownPorts.join(', ');
  const whose = pod === undefined ? '' : `pod "${pod}" uses its node's network: `;
  return `${whose}packets of the whole node are shown, except those that carry this capture (tcp port ${ports})`;
}
