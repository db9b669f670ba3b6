import { contains, familyOf, parseAddress, parsePrefix } from '../address.ts';
import { type IpSets, matchSet } from './ipSets.ts';
import type { TracedPacket } from './packet.ts';
import type { Match, Matcher } from './ruleset.ts';

/** An option of a match: how many words follow it, and its condition. */
interface Option {
  readonly words: number;
  readonly condition: (words: readonly string[], module: string, sets: IpSets) => Matcher;
}

/** Match modules that have no condition of their own, only options. */
const MODULES = new Set(
  `tcp udp sctp udplite dccp icmp icmp6 icmpv6 comment conntrack state mark connmark multiport addrtype
   statistic recent iprange physdev set rpfilter nfacct`.split(/\s+/),
);

const matchAlways: Matcher = () => true;

/** Converts the words of a rule before its target into conditions. An unsupported word makes a doubt. */
export function conditionsOf(words: readonly string[], sets: IpSets): Matcher[] {
  const conditions: Matcher[] = [];
  let module = '';
  for (let index = 0; index < words.length; ) {
    const negated = words[index] === '!';
    if (negated) index++;
    const name = words[index] ?? '';
    const option = OPTIONS[name];
    const end = option === undefined ? endOfOption(words, index + 1) : index + 1 + option.words;
    const values = words.slice(index + 1, end);
    if (name === '-m') module = values[0] ?? '';
    if (name === '-m' && MODULES.has(module)) {
      if (module === 'rpfilter') {
        conditions.push(matchReversePath(words.slice(index)));
        index = words.length;
        continue;
      }
    } else if (option === undefined || name === '-m') {
      conditions.push(unknownMatch([...(negated ? ['!'] : []), name, ...values].join(' ')));
    } else {
      const condition = option.condition(values, module, sets);
      conditions.push(negated ? negate(condition) : condition);
    }
    index = end;
  }
  return conditions;
}

function endOfOption(words: readonly string[], from: number): number {
  let end = from;
  while (end < words.length && words[end] !== '!' && !words[end]?.startsWith('-')) end++;
  return end;
}

function unknownMatch(expression: string): Matcher {
  return () => ({ doubt: expression });
}

function negate(condition: Matcher): Matcher {
  return (packet, context) => {
    const match = condition(packet, context);
    if (typeof match === 'boolean') return !match;
    return 'chance' in match ? { chance: 1 - match.chance } : match;
  };
}

const OPTIONS: Readonly<Record<string, Option>> = {
  '-m': { words: 1, condition: () => matchAlways },
  '-s': { words: 1, condition: ([prefix]) => matchPrefix(prefix, ({ source }) => source) },
  '-d': {
    words: 1,
    condition: ([prefix]) => matchPrefix(prefix, ({ destination }) => destination),
  },
  '-p': {
    words: 1,
    condition:
      ([name]) =>
      (packet) =>
        isProtocol(packet.protocol, name ?? ''),
  },
  '-i': {
    words: 1,
    condition:
      ([name]) =>
      ({ inDevice }) =>
        isDevice(inDevice, name ?? ''),
  },
  '-o': {
    words: 1,
    condition:
      ([name]) =>
      ({ outDevice }) =>
        isDevice(outDevice, name ?? ''),
  },
  '--comment': { words: 1, condition: () => matchAlways },
  '--nfacct-name': { words: 1, condition: () => matchAlways },
  '--sport': matchPorts(['sourcePort']),
  '--sports': matchPorts(['sourcePort']),
  '--dport': matchPorts(['destinationPort']),
  '--dports': matchPorts(['destinationPort']),
  '--ports': matchPorts(['sourcePort', 'destinationPort']),
  '--tcp-flags': { words: 2, condition: ([mask = '', set = '']) => matchTcpFlags(mask, set) },
  '--icmp-type': { words: 1, condition: ([type]) => matchIcmpType(type, '8', '0') },
  '--icmpv6-type': { words: 1, condition: ([type]) => matchIcmpType(type, '128', '129') },
  '--mark': { words: 1, condition: ([value = '0'], module) => matchMark(value, module) },
  '--ctstate': { words: 1, condition: ([states = '']) => matchState(states) },
  '--state': { words: 1, condition: ([states = '']) => matchState(states) },
  '--ctdir': {
    words: 1,
    condition:
      ([direction]) =>
      ({ state }) =>
        direction === (state === 'established' ? 'REPLY' : 'ORIGINAL'),
  },
  '--src-type': { words: 1, condition: ([type]) => matchAddressType(type, ({ source }) => source) },
  '--dst-type': {
    words: 1,
    condition: ([type]) => matchAddressType(type, ({ destination }) => destination),
  },
  // Part of addrtype: whether the address belongs to the device on which the packet arrives.
  '--limit-iface-in': {
    words: 0,
    condition: () => (packet, context) => {
      const deviceAddress = context.addressOf(packet.inDevice ?? '', familyOf(packet.destination));
      return deviceAddress === packet.destination || { doubt: '--limit-iface-in' };
    },
  },
  '--src-range': { words: 1, condition: ([range]) => matchRange(range, ({ source }) => source) },
  '--dst-range': {
    words: 1,
    condition: ([range]) => matchRange(range, ({ destination }) => destination),
  },
  '--match-set': {
    words: 2,
    condition:
      ([name = '', by = ''], _module, sets) =>
      (packet) =>
        matchSet(sets, name, by, packet),
  },
  '--physdev-in': {
    words: 1,
    condition:
      ([name]) =>
      ({ inPort }) =>
        isDevice(inPort, name ?? ''),
  },
  '--physdev-out': {
    words: 1,
    condition:
      ([name]) =>
      ({ outPort }) =>
        isDevice(outPort, name ?? ''),
  },
  '--physdev-is-in': {
    words: 0,
    condition:
      () =>
      ({ inPort }) =>
        inPort !== undefined,
  },
  '--physdev-is-out': {
    words: 0,
    condition:
      () =>
      ({ outPort }) =>
        outPort !== undefined,
  },
  '--physdev-is-bridged': {
    words: 0,
    condition: () => (packet) => packet.inPort !== undefined && packet.outPort !== undefined,
  },
  // Load balancing chooses one of several rules at random.
  '--mode': { words: 1, condition: () => matchAlways },
  '--probability': {
    words: 1,
    condition:
      ([value]) =>
      () => ({ chance: Number(value) }),
  },
  '--every': {
    words: 1,
    condition:
      ([value]) =>
      () => ({ chance: 1 / Number(value) }),
  },
  '--packet': { words: 1, condition: () => matchAlways },
  // Session affinity depends on earlier packets.
  '--rcheck': { words: 0, condition: () => () => ({ chance: 0.5 }) },
  '--update': { words: 0, condition: () => () => ({ chance: 0.5 }) },
  '--set': { words: 0, condition: () => matchAlways },
  '--remove': { words: 0, condition: () => matchAlways },
  '--seconds': { words: 1, condition: () => matchAlways },
  '--hitcount': { words: 1, condition: () => matchAlways },
  '--reap': { words: 0, condition: () => matchAlways },
  '--name': { words: 1, condition: () => matchAlways },
  '--mask': { words: 1, condition: () => matchAlways },
  '--rsource': { words: 0, condition: () => matchAlways },
  '--rdest': { words: 0, condition: () => matchAlways },
};

function matchPrefix(
  text: string | undefined,
  addressOf: (packet: TracedPacket) => string,
): Matcher {
  const prefix = parsePrefix(text ?? '');
  if (prefix === undefined) return unknownMatch(`address ${text}`);
  return (packet) => {
    const address = parseAddress(addressOf(packet));
    return address !== undefined && contains(prefix, address);
  };
}

function matchRange(
  text: string | undefined,
  addressOf: (packet: TracedPacket) => string,
): Matcher {
  const [first, last] = (text ?? '').split('-').map((end) => parseAddress(end));
  if (first === undefined || last === undefined) return unknownMatch(`addresses ${text}`);
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

export function isProtocol(protocol: string, name: string): boolean {
  return name === 'all' || protocol === (PROTOCOL_NAMES[name] ?? name);
}

/** Compares a device name with the one in a rule; a final `+` matches any rest. */
function isDevice(device: string | undefined, pattern: string): boolean {
  if (device === undefined) return pattern === '+';
  return pattern.endsWith('+') ? device.startsWith(pattern.slice(0, -1)) : device === pattern;
}

type PortField = 'sourcePort' | 'destinationPort';

function matchPorts(fields: readonly PortField[]): Option {
  return {
    words: 1,
    condition: ([list = '']) => {
      const ranges = list.split(',').map((range) => range.split(':').map(Number));
      return (packet) => {
        const packetPorts = fields.flatMap((field) => packet[field] ?? []);
        const isMatch = packetPorts.some((port) =>
          ranges.some(([first = 0, last = first]) => port >= first && port <= last),
        );
        if (isMatch || packetPorts.length === fields.length) return isMatch;
        return { doubt: `port ${list}: the port of the packet is unknown` };
      };
    },
  };
}

/** The first packet of a TCP connection has only SYN set; later packets have ACK. */
function matchTcpFlags(mask: string, set: string): Matcher {
  const masked = mask === 'ALL' ? 'FIN,SYN,RST,PSH,ACK,URG' : mask;
  const required = set === 'NONE' ? '' : set;
  return ({ protocol, state }) => {
    if (protocol !== 'tcp') return false;
    const present = state === 'established' ? ['ACK'] : ['SYN'];
    const setFlags = masked.split(',').filter((flag) => present.includes(flag));
    return setFlags.toSorted().join() === required.split(',').filter(Boolean).toSorted().join();
  };
}

function matchIcmpType(type: string | undefined, request: string, reply: string): Matcher {
  return ({ state }) => {
    if (type === 'any' || type === '255') return true;
    return type === (state === 'established' ? reply : request);
  };
}

function matchMark(text: string, module: string): Matcher {
  const [value = 0, mask = 0xffffffff] = text.split('/').map(Number);
  return (packet): Match => {
    const mark = module === 'connmark' ? packet.connectionMark : packet.mark;
    if (mark === undefined) return { doubt: `connmark ${text}` };
    return (mark & mask) >>> 0 === value >>> 0;
  };
}

function matchState(states: string): Matcher {
  const accepted = new Set(states.split(','));
  return (packet) => {
    if (packet.state === 'untracked') return accepted.has('UNTRACKED');
    return (
      accepted.has(packet.state === 'new' ? 'NEW' : 'ESTABLISHED') ||
      (accepted.has('DNAT') && packet.destinationTranslated === true) ||
      (accepted.has('SNAT') && packet.sourceTranslated === true)
    );
  };
}

function matchAddressType(
  type: string | undefined,
  addressOf: (packet: TracedPacket) => string,
): Matcher {
  return (packet, context) => {
    const address = addressOf(packet);
    const local = context.isLocal(address);
    const isGroup = /^(22[4-9]|23\d)\.|^ff/i.test(address) || address === '255.255.255.255';
    if (local === undefined) return { doubt: `address type of ${address}` };
    if (type === 'LOCAL') return local;
    if (type === 'UNICAST') return !local && !isGroup;
    if (type === 'MULTICAST') return isGroup && familyOf(address) === 4;
    return { doubt: `address type ${type}` };
  };
}

function matchReversePath(words: readonly string[]): Matcher {
  const isInverted = words.includes('--invert');
  return ({ source, inDevice }, context) => {
    const isValid = inDevice === undefined ? undefined : context.reversePath?.(source, inDevice);
    if (isValid === undefined) return { doubt: `reverse path of ${source}` };
    return isValid !== isInverted;
  };
}
