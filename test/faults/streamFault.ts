import { matchesPattern, type Switches } from './switches.ts';

export type StreamKind = 'exec' | 'attach' | 'portforward' | 'watch' | 'log';

/** The fault of one stream. Bytes are counted towards the client. */
export interface StreamFault {
  readonly endsAfter: number;
  readonly end: 'fin' | 'rst' | 'blackhole' | 'stall';
  readonly bytesPerSecond: number;
  /** Bytes of standard output after which its channel is closed. */
  readonly stdoutClosesAfter: number;
  readonly status: 'sent' | 'dropped' | 'truncated';
  /** Milliseconds between the answer to an exec and the start of its command. */
  readonly startsAfterMs: number;
}

export const NO_FAULT: StreamFault = {
  endsAfter: Number.POSITIVE_INFINITY,
  end: 'fin',
  bytesPerSecond: Number.POSITIVE_INFINITY,
  stdoutClosesAfter: Number.POSITIVE_INFINITY,
  status: 'sent',
  startsAfterMs: 0,
};

/** The fault that the switches request, for any kind of stream. */
export function streamFaultOf(switches: Switches): StreamFault {
  const [cut, end = 'fin'] = switches['disconnect-after']?.split(' ') ?? [];
  const stall = switches['stall-after'];
  return {
    endsAfter: Number(cut ?? stall ?? NO_FAULT.endsAfter),
    end: cut === undefined ? 'stall' : isEnd(end) ? end : 'fin',
    bytesPerSecond: Number(switches.throttle ?? NO_FAULT.bytesPerSecond),
    stdoutClosesAfter: Number(switches['close-stdout-after'] ?? NO_FAULT.stdoutClosesAfter),
    status:
      switches['drop-status'] === 'true'
        ? 'dropped'
        : switches['truncate-status'] === 'true'
          ? 'truncated'
          : 'sent',
    startsAfterMs: Number(switches['delay-exec'] ?? NO_FAULT.startsAfterMs),
  };
}

/**
 * Whether the fault applies to the next stream of this kind, according to `only-streams`, and the switch's value after
 * this stream.
 */
export function nextStreamFault(
  switches: Switches,
  kind: StreamKind,
): { readonly applies: boolean; readonly next?: string } {
  const [times = '*', only = '*'] = switches['only-streams']?.split(' ') ?? [];
  if (!matchesPattern(only, kind) || times === '0') return { applies: false };
  // The value stays at 0. Without the annotation, the next stream would be faulty again.
  return times === '*'
    ? { applies: true }
    : { applies: true, next: `${Number(times) - 1} ${only}` };
}

function isEnd(word: string): word is StreamFault['end'] {
  return ['fin', 'rst', 'blackhole'].includes(word);
}
