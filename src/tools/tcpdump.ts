/** What tcpdump is asked to record; absent fields leave it to tcpdump. */
export interface TcpdumpOptions {
  readonly device?: string | undefined;
  /** Bytes kept of each packet (-s). */
  readonly snapLength?: number | undefined;
  /** Packets after which it ends (-c). */
  readonly count?: number | undefined;
  /** pcap-filter(7) expression, passed as one argument. */
  readonly expression?: string | undefined;
  /** `pcap` for the packets themselves, `text` for lines to read. */
  readonly format: 'pcap' | 'text';
  /** The build changes its user when started as root: tell it to stay, or nobody could end it. */
  readonly changesUser: boolean;
}

/** Kernel buffer in KiB, the node's memory and not the pod's: bursts wait here for the stream. */
const BUFFER_KIB = 32_768;

/** Enough of a packet to print it in a line or two. */
const TEXT_SNAP_LENGTH = 8_192;

/**
 * How long packets may wait in the kernel before tcpdump gets them, unless it is immediate: its read
 * timeout of a second, and some. At the end of a capture it takes this long until the packets seen before arrive.
 */
export const DELIVERY_DELAY_MS = 1_100;

/**
 * Whether each packet is delivered at once. The kernel's buffer is then cut into frames of the snap
 * length (TPACKET_V2), so whole packets are not worth it: 32 MiB would hold 128 of them, however
 * small they are, and a burst would be lost.
 */
export function isImmediate({
  format,
  snapLength,
}: Pick<TcpdumpOptions, 'format' | 'snapLength'>): boolean {
  const kept = snapLength ?? (format === 'text' ? TEXT_SNAP_LENGTH : 0);
  return kept > 0 && kept <= TEXT_SNAP_LENGTH;
}

/** The argument vector for a capture to standard output. */
export function tcpdumpCommand(options: TcpdumpOptions): string[] {
  const { format, snapLength = format === 'text' ? TEXT_SNAP_LENGTH : undefined } = options;
  return [
    'tcpdump',
    '-n',
    ...['-B', String(BUFFER_KIB)],
    ...(isImmediate(options) ? ['--immediate-mode'] : []),
    ...(options.changesUser ? ['-Z', 'root'] : []),
    ...(options.device === undefined ? [] : ['-i', options.device]),
    ...(snapLength === undefined ? [] : ['-s', String(snapLength)]),
    ...(options.count === undefined ? [] : ['-c', String(options.count)]),
    ...(format === 'pcap' ? ['-U', '-w', '-'] : ['-l']),
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
