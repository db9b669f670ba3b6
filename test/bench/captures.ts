import { tcpdumpCommand } from '../../src/tools/tcpdump.ts';
import type { Clients, CommandLine } from './clients.ts';
import { DEBUGGER_IMAGE } from './pods.ts';
import { type FigureGoal, record } from './results.ts';

/**
 * One capture, with the arguments for netdebug and for tcpdump. All captures end after one packet, because kubectl
 * would leave tcpdump running in the pod.
 */
export interface Capture {
  readonly name: string;
  /** Arguments of `netdebug capture POD`. */
  readonly ours: readonly string[];
  /** The tcpdump command that netdebug derives from them, for a fair comparison. */
  readonly equal: readonly string[];
  /** The command that people type. */
  readonly plain: readonly string[];
  /** A packet has arrived when there are more bytes than this. */
  readonly headerBytes: number;
}

const ONE = { count: 1, changesUser: false };

/** Without a filter, because the pods have no other traffic. */
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
    // The headers of the file and of the first record.
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

/** Milliseconds to the first packet: netdebug, by hand with equal flags, and optionally by hand with plain flags. */
export type Times = readonly (readonly number[])[];

/** Records them. The goal is for the ratio with equal flags. */
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
