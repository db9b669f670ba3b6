/** Options of a recording. Undefined fields use the defaults of tcpdump. */
export interface TcpdumpOptions {
  readonly device?: string | undefined;
  /** Bytes to keep of each packet (-s). */
  readonly snapLength?: number | undefined;
  /** Packets to capture before exiting (-c). */
  readonly count?: number | undefined;
  /** pcap-filter(7) expression, passed as one argument. */
  readonly expression?: string | undefined;
  /** `pcap` for the packets, `text` for readable lines. */
  readonly format: 'pcap' | 'text';
  /** Whether this build drops root privileges. It must be told not to, because otherwise nobody could end it. */
  readonly changesUser: boolean;
}

/**
 * The kernel buffer in KiB, which holds bursts until the stream has taken them. It is memory of the node, not of the
 * pod.
 */
const BUFFER_KIB = 32_768;

/** Enough of a packet to print it in one or two lines. */
const TEXT_SNAP_LENGTH = 8_192;

/**
 * How long packets may wait in the kernel before tcpdump receives them, unless immediate mode is on: its read timeout
 * of one second, with some margin. At the end of a capture, earlier packets may arrive this much later.
 */
export const DELIVERY_DELAY_MS = 1_100;

/**
 * Whether to deliver each packet immediately. The kernel then divides its buffer into frames of the snap length
 * (TPACKET_V2), so this is not worth it for whole packets: 32 MiB would hold only 128 of them, however small, and a
 * burst would be lost.
 */
export function isImmediate({
  format,
  snapLength,
}: Pick<TcpdumpOptions, 'format' | 'snapLength'>): boolean {
  const kept = snapLength ?? (format === 'text' ? TEXT_SNAP_LENGTH : 0);
  return kept > 0 && kept <= TEXT_SNAP_LENGTH;
}

/** The arguments for a capture to standard output. */
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

/** The packet counts that tcpdump prints when it exits and on SIGUSR1. */
export interface TcpdumpStatistics {
  readonly captured: number;
  readonly receivedByFilter: number;
  readonly droppedByKernel: number;
  readonly droppedByInterface: number;
}

/** A parsed line of tcpdump's standard error. */
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

/** Lines that contain nothing new, or that the shell of the lease prints when it ends a program. */
const NOISE =
  /^(dropped privs to|verbose output suppressed|data link type |Terminated$|Killed$|$)|^tcpdump: (data link type |verbose output suppressed)/;

export function parseTcpdumpLine(line: string): TcpdumpLine {
  const text = line.trim();
  const listening = /^(?:tcpdump: )?listening on ([^,]+), link-type (\S+)/.exec(text);
  if (listening?.[1] && listening[2])
    return { kind: 'listening', interface: listening[1], linkType: listening[2] };
  // On SIGUSR1, all counts are on one line after the name of the program.
  const counts: Partial<Record<keyof TcpdumpStatistics, number>> = {};
  for (const part of text.replace(/^tcpdump: /, '').split(', '))
    for (const [pattern, counter] of COUNTERS) {
      const match = pattern.exec(part);
      if (match) counts[counter] = Number(match[1]);
    }
  if (Object.keys(counts).length > 0) return { kind: 'statistics', counts };
  return NOISE.test(text) ? { kind: 'noise' } : { kind: 'message', text };
}
