import { terminalSafe, terminalSafeJson } from '../output/terminalSafe.ts';
import type { SocketChange } from './changes.ts';
import { inChunks } from './chunks.ts';
import { endpointText } from './endpoint.ts';
import { processesText, protocolText } from './socketColumns.ts';

const SIGNS = { added: '+', removed: '-', changed: '~' } as const;

/**
 * One line per change, as chunks of text. The time is local.
 *
 *     12:00:01 ~ tcp 10.0.0.1:80 10.0.0.2:41234 ESTABLISHED -> TIME_WAIT
 */
export function renderChanges(changes: readonly SocketChange[], time: Date): Iterable<string> {
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()]
    .map((part) => `${part}`.padStart(2, '0'))
    .join(':');
  return inChunks(lines(changes, (change) => `${clock} ${changeText(change)}`));
}

/** One JSON object per line: change, time (RFC 3339), socket and, for a changed state, previousState. */
export function renderChangesAsJson(
  changes: readonly SocketChange[],
  time: Date,
): Iterable<string> {
  const asJson = ({ kind, ...rest }: SocketChange) =>
    terminalSafeJson(JSON.stringify({ kind: 'SocketChange', change: kind, time, ...rest }));
  return inChunks(lines(changes, asJson));
}

function* lines(
  changes: readonly SocketChange[],
  text: (change: SocketChange) => string,
): Generator<string> {
  for (const change of changes) {
    yield `${text(change)}\n`;
  }
}

function changeText(change: SocketChange): string {
  const { kind, socket } = change;
  const words = [
    SIGNS[kind],
    ...(socket.pod === undefined ? [] : [socket.pod]),
    protocolText(socket),
    endpointText(socket.local),
    endpointText(socket.peer),
    kind === 'changed' ? `${change.previousState} -> ${socket.state}` : socket.state,
    ...(socket.processes === undefined ? [] : [processesText(socket)]),
  ];
  return terminalSafe(words.join(' '));
}
