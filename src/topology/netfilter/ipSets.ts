import { contains, parseAddress, parsePrefix } from '../address.ts';
import type { TracedPacket } from './packet.ts';
import type { Match } from './ruleset.ts';

interface IpSet {
  /** Such as `hash:ip,port` or `list:set`. */
  readonly type: string;
  readonly entries: ReadonlySet<string>;
}

/** Sets by name. */
export type IpSets = ReadonlyMap<string, IpSet>;

/** Reads the output of `ipset save`. */
export function parseIpsetSave(text: string): IpSets {
  const sets = new Map<string, { type: string; entries: Set<string> }>();
  for (const line of text.split('\n')) {
    const [command, name = '', rest = ''] = line.trim().split(/\s+/);
    if (command === 'create') sets.set(name, { type: rest, entries: new Set() });
    else if (command === 'add') sets.get(name)?.entries.add(rest);
  }
  return sets;
}

/** Whether a packet is in a set, matched by `src`, `dst` or both, as the rule specifies. */
export function matchSet(sets: IpSets, name: string, by: string, packet: TracedPacket): Match {
  const set = sets.get(name);
  if (set === undefined) return { doubt: `set ${name}: its members could not be read` };
  if (set.type === 'list:set') {
    const isMatch = [...set.entries].map((member) => matchSet(sets, member, by, packet));
    if (isMatch.includes(true)) return true;
    return isMatch.find((match) => typeof match === 'object') ?? false;
  }
  const kinds = set.type.split(':')[1]?.split(',') ?? [];
  if (!kinds.every((kind) => ['ip', 'net', 'port'].includes(kind))) {
    return { doubt: `set ${name} of type ${set.type}` };
  }
  const fields = kinds.map((kind, index) => fieldOf(kind, by.split(',')[index] ?? 'src', packet));
  if (fields.includes(undefined))
    return { doubt: `set ${name}: the port of the packet is unknown` };
  if (set.entries.has(fields.join(','))) return true;
  return [...set.entries].some((entry) => {
    const components = entry.split(',');
    return kinds.every((kind, index) => isIn(kind, components[index] ?? '', fields[index] ?? ''));
  });
}

function fieldOf(kind: string, by: string, packet: TracedPacket): string | undefined {
  if (kind !== 'port') return by === 'src' ? packet.source : packet.destination;
  const port = by === 'src' ? packet.sourcePort : packet.destinationPort;
  return port === undefined ? undefined : `${packet.protocol}:${port}`;
}

function isIn(kind: string, entry: string, expected: string): boolean {
  if (kind !== 'port') return isAddressIn(entry, expected);
  const [protocol, range] = entry.includes(':') ? entry.split(':') : [undefined, entry];
  const [wantedProtocol, port] = expected.split(':');
  const [first, last] = (range ?? '').split('-').map(Number);
  return (
    (protocol === undefined || protocol === wantedProtocol) &&
    Number(port) >= (first ?? 0) &&
    Number(port) <= (last ?? first ?? 0)
  );
}

function isAddressIn(entry: string, expected: string): boolean {
  const address = parseAddress(expected);
  if (address === undefined) return false;
  const [first, last] = entry.split('-').map((end) => parsePrefix(end));
  if (first === undefined) return false;
  if (last === undefined) return contains(first, address);
  return (
    first.family === address.family && address.value >= first.value && address.value <= last.value
  );
}
