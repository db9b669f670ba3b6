import { contains, familyOf, parseAddress, parsePrefix } from '../address.ts';
import { type IpSets, matchSet } from './ipSets.ts';
import type { TracedPacket } from './packet.ts';
import type { Match, Matcher } from './ruleset.ts';

/** An option of a match: how many words follow it, and its condition. */
interface Option {
  readonly words: number;
  readonly ask: (words: readonly string[], module: string, sets: IpSets) => Matcher;
}

/** Match modules that have no condition of their own, only options. */
const MODULES = new Set(
  `tcp udp sctp udplite dccp icmp icmp6 icmpv6 comment conntrack state mark connmark multiport addrtype
   statistic recent iprange physdev set rpfilter nfacct`.split(/\s+/),
);

const always: Matcher = () => true;

/** Converts the words of a rule before its target into conditions. An unsupported word makes a doubt. */
export function conditionsOf(words: readonly string[], sets: IpSets): Matcher[] {
  const conditions: Matcher[] = [];
  let module = '';
  for (let at = 0; at < words.length; ) {
    const negated = words[at] === '!';
    if (negated) at++;
    const name = words[at] ?? '';
    const option = OPTIONS[name];
    const end = option === undefined ? endOfUnknown(words, at + 1) : at + 1 + option.words;
    const values = words.slice(at + 1, end);
    if (name === '-m') module = values[0] ?? '';
    if (name === '-m' && MODULES.has(module)) {
      if (module === 'rpfilter') {
        conditions.push(reversePath(words.slice(at)));
        at = words.length;
        continue;
      }
    } else if (option === undefined || name === '-m') {
      conditions.push(doubtful([...(negated ? ['!'] : []), name, ...values].join(' ')));
    } else {
      const condition = option.ask(values, module, sets);
      conditions.push(negated ? not(condition) : condition);
    }
    at = end;
  }
  return conditions;
}

function endOfUnknown(words: readonly string[], from: number): number {
  let end = from;
  while (end < words.length && words[end] !== '!' && !words[end]?.startsWith('-')) end++;
  return end;
}

function doubtful(what: string): Matcher {
  return () => ({ doubt: what });
}

function not(condition: Matcher): Matcher {
  return (packet, surroundings) => {
    const match = condition(packet, surroundings);
    if (typeof match === 'boolean') return !match;
    return 'chance' in match ? { chance: 1 - match.chance } : match;
  };
}

const OPTIONS: Readonly<Record<string, Option>> = {
  '-m': { words: 1, ask: () => always },
  '-s': { words: 1, ask: ([prefix]) => inPrefix(prefix, ({ source }) => source) },
  '-d': { words: 1, ask: ([prefix]) => inPrefix(prefix, ({ destination }) => destination) },
  '-p': {
    words: 1,
    ask:
      ([name]) =>
      (packet) =>
        isProtocol(packet.protocol, name ?? ''),
  },
  '-i': {
    words: 1,
    ask:
      ([name]) =>
      ({ inDevice }) =>
        isDevice(inDevice, name ?? ''),
  },
  '-o': {
    words: 1,
    ask:
      ([name]) =>
      ({ outDevice }) =>
        isDevice(outDevice, name ?? ''),
  },
  '--comment': { words: 1, ask: () => always },
  '--nfacct-name': { words: 1, ask: () => always },
  '--sport': ports(['sourcePort']),
  '--sports': ports(['sourcePort']),
  '--dport': ports(['destinationPort']),
  '--dports': ports(['destinationPort']),
  '--ports': ports(['sourcePort', 'destinationPort']),
  '--tcp-flags': { words: 2, ask: ([mask = '', set = '']) => tcpFlags(mask, set) },
  '--icmp-type': { words: 1, ask: ([type]) => icmpType(type, '8', '0') },
  '--icmpv6-type': { words: 1, ask: ([type]) => icmpType(type, '128', '129') },
  '--mark': { words: 1, ask: ([value = '0'], module) => marked(value, module) },
  '--ctstate': { words: 1, ask: ([states = '']) => inState(states) },
  '--state': { words: 1, ask: ([states = '']) => inState(states) },
  '--ctdir': {
    words: 1,
    ask:
      ([direction]) =>
      ({ state }) =>
        direction === (state === 'established' ? 'REPLY' : 'ORIGINAL'),
  },
  '--src-type': { words: 1, ask: ([type]) => addressType(type, ({ source }) => source) },
  '--dst-type': { words: 1, ask: ([type]) => addressType(type, ({ destination }) => destination) },
  // Part of addrtype: whether the address belongs to the device on which the packet arrives.
  '--limit-iface-in': {
    words: 0,
    ask: () => (packet, surroundings) => {
      const own = surroundings.addressOf(packet.inDevice ?? '', familyOf(packet.destination));
      return own === packet.destination || { doubt: '--limit-iface-in' };
    },
  },
  '--src-range': { words: 1, ask: ([range]) => inRange(range, ({ source }) => source) },
  '--dst-range': { words: 1, ask: ([range]) => inRange(range, ({ destination }) => destination) },
  '--match-set': {
    words: 2,
    ask:
      ([name = '', by = ''], _module, sets) =>
      (packet) =>
        matchSet(sets, name, by, packet),
  },
  '--physdev-in': {
    words: 1,
    ask:
      ([name]) =>
      ({ inPort }) =>
        isDevice(inPort, name ?? ''),
  },
  '--physdev-out': {
    words: 1,
    ask:
      ([name]) =>
      ({ outPort }) =>
        isDevice(outPort, name ?? ''),
  },
  '--physdev-is-in': {
    words: 0,
    ask:
      () =>
      ({ inPort }) =>
        inPort !== undefined,
  },
  '--physdev-is-out': {
    words: 0,
    ask:
      () =>
      ({ outPort }) =>
        outPort !== undefined,
  },
  '--physdev-is-bridged': {
    words: 0,
    ask: () => (packet) => packet.inPort !== undefined && packet.outPort !== undefined,
  },
  // Load balancing chooses one of several rules at random.
  '--mode': { words: 1, ask: () => always },
  '--probability': {
    words: 1,
    ask:
      ([value]) =>
      () => ({ chance: Number(value) }),
  },
  '--every': {
    words: 1,
    ask:
      ([value]) =>
      () => ({ chance: 1 / Number(value) }),
  },
  '--packet': { words: 1, ask: () => always },
  // Session affinity depends on earlier packets.
  '--rcheck': { words: 0, ask: () => () => ({ chance: 0.5 }) },
  '--update': { words: 0, ask: () => () => ({ chance: 0.5 }) },
  '--set': { words: 0, ask: () => always },
  '--remove': { words: 0, ask: () => always },
  '--seconds': { words: 1, ask: () => always },
  '--hitcount': { words: 1, ask: () => always },
  '--reap': { words: 0, ask: () => always },
  '--name': { words: 1, ask: () => always },
  '--mask': { words: 1, ask: () => always },
  '--rsource': { words: 0, ask: () => always },
  '--rdest': { words: 0, ask: () => always },
};

function inPrefix(text: string | undefined, addressOf: (packet: TracedPacket) => string): Matcher {
  const prefix = parsePrefix(text ?? '');
  if (prefix === undefined) return doubtful(`address ${text}`);
  return (packet) => {
    const address = parseAddress(addressOf(packet));
    return address !== undefined && contains(prefix, address);
  };
}

function inRange(text: string | undefined, addressOf: (packet: TracedPacket) => string): Matcher {
  const [first, last] = (text ?? '').split('-').map((end) => parseAddress(end));
  if (first === undefined || last === undefined) return doubtful(`addresses ${text}`);
  return (packet) => {
    const address = parseAddress(addressOf(packet));
    return (
      address?.family === first.family &&
      address.value >= first.value &&
      address.value <= last.value
    );
  };
}

/** Names and numbers of protocols, as used in rules (/etc/protocols). */
const PROTOCOL_NAMES: Readonly<Record<string, string>> = {
  '1': 'icmp',
  '4': 'ipencap',
  '6': 'tcp',
  '17': 'udp',
  '47': 'gre',
  '50': 'esp',
  '58': 'ipv6-icmp',
  '132': 'sctp',
  icmpv6: 'ipv6-icmp',
  icmp6: 'ipv6-icmp',
};

export function isProtocol(protocol: string, wanted: string): boolean {
  return wanted === 'all' || protocol === (PROTOCOL_NAMES[wanted] ?? wanted);
}

/** Compares a device name with the one in a rule; a final `+` matches any rest. */
function isDevice(device: string | undefined, wanted: string): boolean {
  if (device === undefined) return wanted === '+';
  return wanted.endsWith('+') ? device.startsWith(wanted.slice(0, -1)) : device === wanted;
}

type PortField = 'sourcePort' | 'destinationPort';

function ports(fields: readonly PortField[]): Option {
  return {
    words: 1,
    ask: ([list = '']) => {
      const ranges = list.split(',').map((range) => range.split(':').map(Number));
      return (packet) => {
        const known = fields.flatMap((field) => packet[field] ?? []);
        const hit = known.some((port) =>
          ranges.some(([first = 0, last = first]) => port >= first && port <= last),
        );
        if (hit || known.length === fields.length) return hit;
        return { doubt: `port ${list}: the port of the packet is unknown` };
      };
    },
  };
}

/** The first packet of a TCP connection has only SYN set; later packets have ACK. */
function tcpFlags(mask: string, set: string): Matcher {
  const masked = mask === 'ALL' ? 'FIN,SYN,RST,PSH,ACK,URG' : mask;
  const wanted = set === 'NONE' ? '' : set;
  return ({ protocol, state }) => {
    if (protocol !== 'tcp') return false;
    const present = state === 'established' ? ['ACK'] : ['SYN'];
    const seen = masked.split(',').filter((flag) => present.includes(flag));
    return seen.toSorted().join() === wanted.split(',').filter(Boolean).toSorted().join();
  };
}

function icmpType(type: string | undefined, request: string, reply: string): Matcher {
  return ({ state }) => {
    if (type === 'any' || type === '255') return true;
    return type === (state === 'established' ? reply : request);
  };
}

function marked(text: string, module: string): Matcher {
  const [value = 0, mask = 0xffffffff] = text.split('/').map(Number);
  return (packet): Match => {
    const mark = module === 'connmark' ? packet.connectionMark : packet.mark;
    if (mark === undefined) return { doubt: `connmark ${text}` };
    return (mark & mask) >>> 0 === value >>> 0;
  };
}

function inState(states: string): Matcher {
  const wanted = new Set(states.split(','));
  return (packet) => {
    if (packet.state === 'untracked') return wanted.has('UNTRACKED');
    return (
      wanted.has(packet.state === 'new' ? 'NEW' : 'ESTABLISHED') ||
      (wanted.has('DNAT') && packet.destinationTranslated === true) ||
      (wanted.has('SNAT') && packet.sourceTranslated === true)
    );
  };
}

function addressType(
  type: string | undefined,
  addressOf: (packet: TracedPacket) => string,
): Matcher {
  return (packet, surroundings) => {
    const address = addressOf(packet);
    const local = surroundings.isLocal(address);
    const isGroup = /^(22[4-9]|23\d)\.|^ff/i.test(address) || address === '255.255.255.255';
    if (local === undefined) return { doubt: `address type of ${address}` };
    if (type === 'LOCAL') return local;
    if (type === 'UNICAST') return !local && !isGroup;
    if (type === 'MULTICAST') return isGroup && familyOf(address) === 4;
    return { doubt: `address type ${type}` };
  };
}

function reversePath(words: readonly string[]): Matcher {
  const inverted = words.includes('--invert');
  return ({ source, inDevice }, surroundings) => {
    const valid = inDevice === undefined ? undefined : surroundings.reversePath?.(source, inDevice);
    if (valid === undefined) return { doubt: `reverse path of ${source}` };
    return valid !== inverted;
  };
}
