import { tcpdumpCommand } from '../../src/tools/tcpdump.ts';
import type { Clients, CommandLine } from './clients.ts';
import { DEBUGGER_IMAGE } from './pods.ts';
import { type FigureGoal, record } from './results.ts';

/**
 * One capture, as our program is asked for it and as tcpdump is. All end after one packet: kubectl
 * would leave tcpdump in the pod.
 */
export interface Capture {
  readonly name: string;
  /** Arguments of `netdebug capture POD`. */
  readonly ours: readonly string[];
  /** What our program makes of them: the honest comparison. */
  readonly equal: readonly string[];
  /** What people type. */
  readonly plain: readonly string[];
  /** A packet has come when there are more bytes than this. */
  readonly headerBytes: number;
}

const ONE = { count: 1, changesUser: false };

/** Without a filter, since the pods have no other traffic. */
export const CAPTURES: readonly Capture[] = [
  {
    name: 'text',
    ours: ['-c', '1'],
    equal: tcpdumpCommand({ format: 'text', ...ONE }),
    plain: ['tcpdump', '-n', '-l', '-c', '1'],
    headerBytes: 0,
  },
  {
    name: 'pcap',
    ours: ['-c', '1', '-w', '-'],
    equal: tcpdumpCommand({ format: 'pcap', ...ONE }),
    plain: ['tcpdump', '-n', '-c', '1', '-U', '-w', '-'],
    // The file's header and that of the first record.
    headerBytes: 24 + 16,
  },
];

export function captureCommand({ netdebug }: Clients, pod: string, { ours }: Capture): CommandLine {
  return [netdebug, 'capture', pod, '--image', DEBUGGER_IMAGE, ...ours];
}

export function execCommand(
  { kubectl }: Clients,
  pod: string,
  container: string,
  command: readonly string[],
): CommandLine {
  return [kubectl, 'exec', pod, '-c', container, '--', ...command];
}

/** Milliseconds to the first packet: ours, by hand with equal flags, and perhaps by hand with plain ones. */
export type Times = readonly (readonly number[])[];

/** Records them; the goal, of the ratio, holds for equal flags. */
export function recordTimes(
  group: string,
  { name }: Capture,
  against: string,
  [ours = [], equal = [], plain]: Times,
  goal: FigureGoal,
): void {
  record({ group, name, unit: 'ms', ours, theirs: equal, against, goal });
  if (plain)
    record({ group, name, unit: 'ms', ours, theirs: plain, against: `${against}, fewer flags` });
}
