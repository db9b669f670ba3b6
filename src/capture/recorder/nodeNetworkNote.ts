import type { Debugger } from '../../debugger/debugger.ts';
import type { Notice } from '../../notice.ts';

/** A notice about what a capture of a node's network includes and what it excludes. */
export function nodeNetworkNote(
  { ofNode, ownPorts }: Pick<Debugger, 'ofNode' | 'ownPorts'>,
  pod: string | undefined,
): Notice | undefined {
  if (!ofNode) return undefined;
  const ports = ownPorts.join(', ');
  const whose = pod === undefined ? '' : `pod "${pod}" uses its node's network: `;
  return {
    kind: 'node-network',
    text: `${whose}packets of the whole node are shown, except those of this capture itself (tcp port ${ports})`,
  };
}
