import type { ArpWatch } from '../arpWatch.ts';
import { type Endpoint, protocolName } from '../conversation.ts';
import type { IcmpError, IcmpErrorKind, IcmpErrors } from '../icmpErrors.ts';
import { pluralise } from '../timeText.ts';
import { addressFilter, type Finder } from './finder.ts';
import type { FindingKind } from './finding.ts';
import type { Scope } from './incidents.ts';

/** The number of requests a host sends before it gives up. */
const MIN_ARP_REQUESTS = 3;
/** The maximum time between the requests: a host that got a reply does not ask again so soon. Nanoseconds. */
const ARP_TIMEOUT_NS = 2e9;

const ICMP: Readonly<
  Record<IcmpErrorKind, { kind: FindingKind; text: string; causes: readonly string[] }>
> = {
  'host-unreachable': {
    kind: 'unreachable',
    text: 'cannot reach',
    causes: [
      'no route, or no host with that address, such as a deleted pod or a dead node',
      'a firewall that sends this error',
    ],
  },
  'port-unreachable': {
    kind: 'unreachable',
    text: 'has no listener at',
    causes: [
      'no process listens on that port',
      'the client closed its socket before a late answer came',
    ],
  },
  prohibited: {
    kind: 'unreachable',
    text: 'forbids packets to',
    causes: ['a network policy or firewall that rejects'],
  },
  'too-big': {
    kind: 'packet-too-big',
    text: 'cannot forward packets of this size to',
    causes: [
      'a link with a smaller MTU on the path; harmless if the sender processes this message',
      'the MTU of the pod interface is too large for the overlay',
    ],
  },
  'time-exceeded': {
    kind: 'time-exceeded',
    text: 'dropped packets with an expired TTL to',
    causes: ['a routing loop', 'a traceroute, which causes this on purpose'],
  },
};

/** Adds findings for ICMP errors. */
export function addIcmpFindings(finder: Finder, errors: IcmpErrors): void {
  for (const error of errors.all) {
    const { kind, text, causes } = ICMP[error.kind];
    const mtu = error.mtu > 0 ? `; the MTU there is ${error.mtu}` : '';
    finder.add({
      kind,
      severity: error.kind === 'port-unreachable' ? 'warning' : 'error',
      what: `${finder.names.withName(error.reporter)} ${text} ${targetOf(finder, error)} (${pluralise(error.note.count, 'ICMP message')}${mtu})`,
      who: `${finder.names.withName(error.source)} → ${targetOf(finder, error)}`,
      note: error.note,
      interfaceIndex: error.interfaceIndex,
      filter: `${addressFilter(error.target)} && ${error.target.includes(':') ? 'icmpv6' : 'icmp'}`,
      causes,
      scope: placeScope([
        { address: error.target, port: error.port },
        ...(error.kind === 'too-big' ? [{ address: error.source, port: 0 }] : []),
      ]),
    });
  }
}

function placeScope(servers: readonly Endpoint[]): Scope {
  return { conversations: new Set(), hasMore: false, servers };
}

function targetOf(finder: Finder, { target, port, protocol }: IcmpError): string {
  return port > 0
    ? `${finder.endpoint({ address: target, port })} (${protocolName(protocol)})`
    : finder.names.withName(target);
}

/**
 * Adds findings for unanswered ARP requests. `isActive`: the address took part in conversations. `isQuiet`: there were
 * no conversations at all, as in the capture of a host that cannot reach anyone.
 */
export function addArpFindings(
  finder: Finder,
  arp: ArpWatch,
  isActive: (address: string) => boolean,
  isQuiet: boolean,
): void {
  for (const { sender, target, interfaceIndex, note, isAnswered } of arp.all) {
    // If the capture lacks the other packets of a host, it may lack the replies to it as well.
    const isRepeated = note.lastTime - note.firstTime <= ARP_TIMEOUT_NS * (note.count - 1);
    const isAlone = isQuiet && isRepeated && arp.hasOneSender(interfaceIndex);
    const isVisible = isActive(sender) || arp.hasRepliesTo(sender, interfaceIndex) || isAlone;
    if (isAnswered || note.count < MIN_ARP_REQUESTS || !isVisible || isActive(target)) continue;
    finder.add({
      kind: 'arp-unanswered',
      severity: 'warning',
      what: `no host has the address ${finder.names.withName(target)}: ${pluralise(note.count, 'ARP request')} without an answer`,
      who: finder.names.withName(sender),
      note,
      interfaceIndex,
      filter: `arp.dst.proto_ipv4 == ${target}`,
      scope: placeScope([{ address: target, port: 0 }]),
      causes: [
        'the pod or node with that address is gone',
        'a wrong subnet mask or a missing route',
      ],
    });
  }
}
