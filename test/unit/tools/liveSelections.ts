import { EVERYTHING, selecting } from '../sockets/selections.ts';

/** Selections for which the command or the output of ss differs; everything first. */
export const LIVE_SELECTIONS = [
  EVERYTHING,
  selecting({ details: false, processes: false }),
  selecting({ udp: false, unix: false }),
  selecting({ tcp: false, unix: false, details: false }),
  selecting({ tcp: false, udp: false }),
  selecting({ unix: false, ipv6: false }),
  selecting({ unix: false, ipv4: false }),
  selecting({ ipv4: false }),
  selecting({ states: 'listening' }),
  selecting({ udp: false, unix: false, states: 'listening', processes: false }),
];

export interface LiveOutput {
  /** One for each of `LIVE_SELECTIONS`. */
  readonly ss: readonly string[];
  readonly procNet: string;
  readonly netstat: string;
  readonly stat: string;
  readonly descriptors: string;
  readonly descriptorsBusybox: string;
}
