import { descriptorListing, parseStat } from '../tools/procNet.ts';
import type { Socket, SocketOwners } from '../tools/socket.ts';
import type { Selection } from '../tools/socketSelection.ts';
import { forEachLine } from './lines.ts';
import { isSelected } from './select.ts';
import type { SocketStore } from './socketStore.ts';

/**
 * Parses a line of a tool's output: a socket, null for a line without a socket, undefined for a line that is not
 * understood.
 */
export type SocketLineParser = (line: string) => Socket | null | undefined;

/**
 * Adds the selected sockets from a tool's output to `store` as they arrive. `pod` is the label of the pod in a list of
 * several pods. Returns the number of lines that were not understood. If it is not 0, the list is incomplete, and the
 * user must be told.
 */
export async function collectSockets(
  output: AsyncIterable<Uint8Array>,
  parseLine: SocketLineParser,
  selection: Selection,
  store: Pick<SocketStore, 'add'>,
  pod?: string,
): Promise<number> {
  let unreadable = 0;
  let held: HeldLine | undefined;
  const add = ({ socket, lines }: HeldLine) => {
    if (socket === undefined) {
      unreadable += lines;
    } else if (socket !== null && isSelected(socket, selection)) {
      store.add(pod === undefined ? socket : { ...socket, pod });
    }
  };
  await forEachLine(output, (line) => {
    const socket = parseLine(line);
    const isContinuation = socket === undefined || (socket === null && held?.socket === undefined);
    if (isContinuation && held && canContinue(held, line)) {
      held = appendLine(held, line, parseLine);
      return;
    }
    if (held) {
      add(held);
    }
    held = { text: line, socket, lines: 1 };
  });
  if (held) {
    add(held);
  }
  return unreadable;
}

/** A line that may continue on the next line, and its content so far. */
interface HeldLine {
  readonly text: string;
  readonly socket: Socket | null | undefined;
  readonly lines: number;
}

/** Names of abstract unix sockets may contain newlines, and have at most 108 bytes. */
const MAX_UNIX_LINE = 1024;
const UNIX_LINE = /^(?:u_|[0-9a-f]{8,}: )/i;

function canContinue({ text }: HeldLine, line: string): boolean {
  return text.length < MAX_UNIX_LINE && UNIX_LINE.test(text) && !UNIX_LINE.test(line);
}

function appendLine(held: HeldLine, line: string, parseLine: SocketLineParser): HeldLine {
  const text = `${held.text}\n${line}`;
  return { text, socket: parseLine(text), lines: held.lines + 1 };
}

/**
 * The processes that hold each socket, by inode, from the outputs of `processNamesCommand` and `descriptorsCommand`. A
 * process that ended between the two has the name `?`.
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
