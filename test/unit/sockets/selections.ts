import type { Selection } from '../../../src/tools/socketSelection.ts';

/** Everything, with exceptions given by a test. */
export const EVERYTHING: Selection = {
  tcp: true,
  udp: true,
  unix: true,
  ipv4: true,
  ipv6: true,
  states: 'all',
  processes: true,
  details: true,
};

export function selecting(selection: Partial<Selection>): Selection {
  return { ...EVERYTHING, ...selection };
}
