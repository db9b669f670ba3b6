/** What tcpdump is asked to record; absent fields leave it to tcpdump. */
export interface TcpdumpOptions {
  readonly interface?: string;
  /** Bytes kept of each packet (-s). */
  readonly snapLength?: number;
  /** Packets after which it ends (-c). */
  readonly count?: number;
  /** pcap-filter(7) expression, passed as one argument. */
  readonly expression?: string;
  /** `pcap` for the packets themselves, `text` for lines to read. */
  readonly format: 'pcap' | 'text';
  /** The build changes its user when started as root: tell it to stay, or nobody could end it. */
  readonly changesUser: boolean;
}

/**
 * Kernel buffer in KiB. Bursts wait here while the stream is busy; with 32 MiB the memory is the
 * node's, not the pod's.
 */
const BUFFER_KIB = 32_768;

/** The argument vector for a capture to standard output, first packet at once. */
export function tcpdumpCommand(options: TcpdumpOptions): string[] {
  return [
    'tcpdump',
    '-n',
    '--immediate-mode',
    ...['-B', String(BUFFER_KIB)],
    ...(options.changesUser ? ['-Z', 'root'] : []),
    ...(options.interface === undefined ? [] : ['-i', options.interface]),
    ...(options.snapLength === undefined ? [] : ['-s', String(options.snapLength)]),
    ...(options.count === undefined ? [] : ['-c', String(options.count)]),
    ...(options.format === 'pcap' ? ['-U', '-w', '-'] : ['-l']),
    ...(options.expression === undefined ? [] : ['--', options.expression]),
  ];
}

/** Packet counts as tcpdump reports them at its end and on SIGUSR1. */
export interface TcpdumpStatistics {
  readonly captured: number;
  readonly receivedByFilter: number;
  readonly droppedByKernel: number;
  readonly droppedByInterface: number;
}

/** What one line on tcpdump's standard error means to us. */
export type TcpdumpLine =
  | { readonly kind: 'listening'; readonly interface: string; readonly linkType: string }
  | { readonly kind: 'statistics'; readonly counts: Partial<TcpdumpStatistics> }
  | { readonly kind: 'noise' }
  | { readonly kind: 'message'; readonly text: string };

const COUNTERS: readonly [RegExp, keyof TcpdumpStatistics][] = [
  [/^(\d+) packets? captured/, 'captured'],
  [/^(\d+) packets? received by filter/, 'receivedByFilter'],
  [/^(\d+) packets? dropped by kernel/, 'droppedByKernel'],
  [/^(\d+) packets? dropped by interface/, 'droppedByInterface'],
];

/** Lines that say what is known anyway, or that the lease's shell prints when it ends a program. */
const NOISE =
  /^(dropped privs to|verbose output suppressed|data link type |Terminated$|Killed$|$)|^tcpdump: (data link type |verbose output suppressed)/;

export function parseTcpdumpLine(line: string): TcpdumpLine {
  const text = line.trim();
  const listening = /^(?:tcpdump: )?listening on ([^,]+), link-type (\S+)/.exec(text);
  if (listening?.[1] && listening[2])
    return { kind: 'listening', interface: listening[1], linkType: listening[2] };
  // On SIGUSR1 they stand in one line, after the program's name.
  const counts: Partial<Record<keyof TcpdumpStatistics, number>> = {};
  for (const part of text.replace(/^tcpdump: /, '').split(', '))
    for (const [pattern, counter] of COUNTERS) {
      const match = pattern.exec(part);
      if (match) counts[counter] = Number(match[1]);
    }
  if (Object.keys(counts).length > 0) return { kind: 'statistics', counts };
  return NOISE.test(text) ? { kind: 'noise' } : { kind: 'message', text };
}
