import { countText } from '../output/quantities.ts';

/** What happened while a capture matched no packet. */
export interface Unmatched {
  /**
   * Packets that passed the interfaces: first all interfaces together (`any`), then the first 8 interfaces that had
   * packets. Empty if the kernel did not report counts.
   */
  readonly passed: readonly { readonly device: string; readonly packets: number }[];
  /** The filter's ports that are local ports of established TCP connections. */
  readonly connected: readonly PortInUse[];
}

/** The same for a capture on this interface. */
export interface UnmatchedCapture extends Unmatched {
  readonly device: string;
}

interface PortInUse {
  readonly port: number;
  readonly connections: number;
  /** The ports to which clients connected instead, as far as connection tracking shows them. */
  readonly redirectedFrom: readonly number[];
}

export const NOTHING_KNOWN: Unmatched = { passed: [], connected: [] };

/** How many interfaces the pod reports. */
const MAX_INTERFACES = 8;
/** How many of them are shown to the user. */
const MAX_SHOWN_INTERFACES = 3;

/** Adds a line from the pod: `passed eth0 12`, `connected 15006 3 8080`. Ignores other lines. */
export function addUnmatched(known: Unmatched, line: string): Unmatched {
  const [kind, first = '', ...numbers] = line.split(' ');
  const [count = 0, ...ports] = numbers.map(Number);
  if (kind === 'passed')
    return { ...known, passed: [...known.passed, { device: first, packets: count }] };
  if (kind !== 'connected') return known;
  const port = { port: Number(first), connections: count, redirectedFrom: ports };
  return { ...known, connected: [...known.connected, port] };
}

/** Explains a capture without packets on an interface, one explanation per line. */
export function unmatchedLines({ passed, connected, device }: UnmatchedCapture): string[] {
  return [passedText(passed, device), ...connected.map((port) => portText(port, device))];
}

function passedText(passed: Unmatched['passed'], device: string): string {
  const all = passed.find((counts) => counts.device === 'any');
  if (!all) return 'it is unknown whether other packets passed in the meantime';
  const own = passed.find((counts) => counts.device === device);
  if (own && own.packets > 0)
    return `meanwhile ${countText(own.packets, 'packet')} passed ${nameOf(device)}, none of which matched`;
  // The pod reports only the first interfaces.
  if (!own && passed.length > MAX_INTERFACES)
    return `meanwhile ${countText(all.packets, 'packet')} passed all interfaces together, none of which was captured`;
  const none = `meanwhile no packet passed ${nameOf(device)}`;
  const others = passed.filter((counts) => counts !== all).sort((a, b) => b.packets - a.packets);
  if (others.length === 0) return none;
  const shown = others
    .slice(0, MAX_SHOWN_INTERFACES)
    .map((counts) => `${countText(counts.packets, 'packet')} passed ${counts.device}`);
  return `${none}, but ${shown.join(', ')}: -i any captures on all interfaces`;
}

function portText({ port, connections, redirectedFrom }: PortInUse, device: string): string {
  const [first, ...more] = redirectedFrom;
  if (first !== undefined)
    return `connections to port ${[first, ...more].join(', ')} are redirected to port ${port} in this network, for example by a service mesh, and their packets have port ${first}; try -- port ${first}`;
  const elsewhere = device === 'any' ? '' : ', or use another interface (-i any)';
  const [have, they] = connections === 1 ? ['has', 'it'] : ['have', 'they'];
  return `${countText(connections, 'connection')} of this network ${have} the local port ${port}: ${they} may have been idle${elsewhere}, or another port may be redirected to ${port}, for example by a service mesh, so that packets have that port instead`;
}

function nameOf(device: string): string {
  return device === 'any' ? 'the interfaces' : device;
}
