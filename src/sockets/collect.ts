import { descriptorListing, parseStat } from '../tools/procNet.ts';
import type { Socket, SocketOwners } from '../tools/socket.ts';
import type { Selection } from '../tools/socketSelection.ts';
import { forEachLine } from './lines.ts';
import { isSelected } from './select.ts';
import type { SocketStore } from './socketStore.ts';

/** Reads one line of a tool's output: a socket, null for a line without one, undefined if not understood. */
export type SocketLineParser = (line: string) => Socket | null | undefined;

/**
 * Adds the selected sockets in a tool's output to `store`, as it arrives; `pod` is what to note in
 * each where several pods are listed together. Gives the number of lines that were not
 * understood: if there are any, say so, the list is not complete.
 */
export async function collectSockets(
  output: AsyncIterable<Uint8Array>,
  parseLine: SocketLineParser,
  selection: Selection,
  store: Pick<SocketStore, 'add'>,
  pod?: string,
): Promise<number> {
  let unreadable = 0;
  await forEachLine(output, (line) => {
    const socket = parseLine(line);
    if (socket === undefined) {
      unreadable += 1;
    } else if (socket !== null && isSelected(socket, selection)) {
      store.add(pod === undefined ? socket : { ...socket, pod });
    }
  });
  return unreadable;
}

/**
 * Who holds which socket, by inode, from the outputs of `processNamesCommand` and
 * `descriptorsCommand`. A process that has ended between the two has no name there: `?`.
 */
export async function collectOwners(
  statOutput: AsyncIterable<Uint8Array>,
  descriptorsOutput: AsyncIterable<Uint8Array>,
): Promise<SocketOwners> {
  const names = new Map<number, string>();
  await forEachLine(statOutput, (line) => {
    const process = parseStat(line);
    if (process !== undefined) {
      names.set(process.pid, process.name);
    }
  });
  const listing = descriptorListing(names);
  await forEachLine(descriptorsOutput, listing.addLine);
  return listing.owners;
}
