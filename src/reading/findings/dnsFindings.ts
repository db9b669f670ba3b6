import { type DnsEvents, type DnsServer, dnsServers } from '../dns/dnsServer.ts';
import type { DnsPair, DnsTracker } from '../dns/dnsTracker.ts';
import type { SearchWaste } from '../dns/searchWatch.ts';
import { Note } from '../notes.ts';
import { durationText, percentText, pluralise } from '../timeText.ts';
import { addressFilter, type Finder } from './finder.ts';
import type { FindingKind, Severity } from './finding.ts';

/** The wording of one kind of event at a server. */
interface Wording {
  readonly kind: FindingKind;
  readonly severity: Severity;
  note(pair: DnsPair): Note;
  what(events: DnsEvents, server: string, count: string): string;
  readonly filter: string;
  readonly causes: readonly string[];
}

const NOTHING = new Note();

const WORDINGS: readonly Wording[] = [
  {
    kind: 'dns-servfail',
    severity: 'error',
    note: (pair) => pair.servfail,
    what: (events, server, count) =>
      `${server} failed to answer ${count} of ${events.questions} (SERVFAIL)`,
    filter: 'dns.flags.rcode == 2',
    causes: [
      'the upstream resolver of CoreDNS is unreachable or refuses questions (check its forward plugin and the node’s resolv.conf)',
      'DNSSEC validation failed, or the authoritative servers of the domain are down',
    ],
  },
  {
    kind: 'dns-refused',
    severity: 'error',
    note: (pair) => pair.refused,
    what: (events, server, count) => `${server} refused ${count} of ${events.questions} (REFUSED)`,
    filter: 'dns.flags.rcode == 5',
    causes: [
      'the server does not serve that client or zone: a wrong nameserver in resolv.conf, or an ACL',
    ],
  },
  {
    kind: 'dns-error',
    severity: 'error',
    note: (pair) => pair.otherErrors,
    what: (_events, server, count) => `${server} answered ${count} with an error`,
    filter: 'dns.flags.rcode > 3 || dns.flags.rcode == 1',
    causes: [
      'the server does not support the question (FORMERR, NOTIMP): EDNS or an unknown record type',
    ],
  },
  {
    kind: 'dns-aaaa-ignored',
    severity: 'error',
    note: (pair) => (pair.ignoresAaaa ? pair.unanswered : NOTHING),
    what: (events, server) =>
      `${server} answers questions for A but ignores those for AAAA: ${pluralise(events.aaaaQuestions, 'question')} without an answer, for which clients wait until a timeout`,
    filter: 'dns.qry.type == 28',
    causes: [
      'a resolver or load balancer that drops unknown record types',
      'a firewall that drops AAAA',
      'remedies: "options single-request" or "no-aaaa" (glibc 2.36) in resolv.conf',
    ],
  },
  {
    kind: 'dns-race',
    severity: 'error',
    note: (pair) => (pair.ignoresAaaa ? NOTHING : pair.race),
    what: (_events, server, count) =>
      `A and AAAA questions sent together to ${server}: one of the two stayed unanswered and was repeated after a timeout, in ${count}`,
    filter: 'dns',
    causes: [
      'the conntrack race: if one socket sends two packets through DNAT at the same time, one is dropped (insert_failed in conntrack -S)',
      'remedies: NodeLocal DNSCache, "options single-request-reopen" or "use-vc" in resolv.conf',
    ],
  },
  {
    kind: 'dns-unanswered',
    severity: 'error',
    note: (pair) => (pair.ignoresAaaa ? NOTHING : pair.unanswered),
    what: (events, server, count) => `${server} left ${count} of ${events.questions} unanswered`,
    filter: 'dns.flags.response == 0',
    causes: [
      'the DNS pods are down, overloaded or throttled',
      'a network policy blocks port 53, UDP or the answers',
      'packets are lost in the network or in conntrack',
    ],
  },
  {
    kind: 'dns-slow',
    severity: 'warning',
    note: (pair) => pair.slow,
    what: (events, server, count) =>
      `${server} took more than 1 s for ${count}; ${durationText(events.longestLatency)} at most`,
    filter: 'dns.time > 1',
    causes: ['the upstream resolver is slow or far away', 'the DNS pods have too little CPU'],
  },
];

/** Clients named in a finding, which also limits the length of its display filter. */
const MAX_CLIENTS = 3;

/** Adds the findings about DNS servers: one for each kind of event and server, for all its clients. */
export function addDnsFindings(finder: Finder, dns: DnsTracker): void {
  for (const server of dnsServers(dns.pairs.values())) {
    for (const wording of WORDINGS) addEventsFinding(finder, server, wording);
    addTruncatedFinding(finder, server);
  }
  for (const waste of dns.searches.clients.values()) addSearchFinding(finder, waste);
}

function addEventsFinding(finder: Finder, server: DnsServer, wording: Wording): void {
  const events = server.events(wording.note);
  if (!events) return;
  const { kind, severity, filter, causes } = wording;
  const name = finder.names.withName(server.address);
  const what = wording.what(events, name, pluralise(events.note.count, 'question'));
  finder.add({
    ...endpointsAndFilter(finder, server, events, filter),
    kind,
    severity,
    what: `${what}: ${namesOf(events)}`,
    scope: {
      conversations: new Set(),
      hasMore: false,
      servers: [{ address: server.address, port: server.port }],
    },
    causes,
  });
}

function addTruncatedFinding(finder: Finder, server: DnsServer): void {
  const events = server.events(({ truncated, tcpConversations }) =>
    tcpConversations > 0 ? NOTHING : truncated,
  );
  if (!events) return;
  const name = finder.names.withName(server.address);
  finder.add({
    ...endpointsAndFilter(finder, server, events, 'dns.flags.truncated == 1'),
    kind: 'dns-truncated',
    severity: 'error',
    what: `${pluralise(events.note.count, 'answer')} of ${name} were truncated and not repeated over TCP, so the client only has a part: ${namesOf(events)}`,
    causes: [
      'the client’s resolver does not use TCP (musl before 1.2.4)',
      'a network policy only allows port 53 for UDP, or the filter of the capture excludes TCP',
    ],
  });
}

/** The endpoints, the packets, and the display filter that shows them. */
function endpointsAndFilter(finder: Finder, server: DnsServer, events: DnsEvents, filter: string) {
  const { note, clients } = events;
  const listedClients = clients.slice(0, MAX_CLIENTS);
  const clientNames = listedClients.map((client) => finder.names.withName(client)).join(', ');
  const more = clients.length - listedClients.length;
  const filters = listedClients.map(addressFilter).join(' || ');
  const clientFilters = more > 0 ? [] : [listedClients.length > 1 ? `(${filters})` : filters];
  return {
    who: `${clientNames}${more > 0 ? ` and ${more} more` : ''} → ${finder.names.withName(server.address)}`,
    note,
    interfaceIndex: server.interfaceIndex,
    filter: [...clientFilters, addressFilter(server.address), filter].join(' && '),
  };
}

function addSearchFinding(finder: Finder, waste: SearchWaste): void {
  if (waste.lookups === 0) return;
  const { lookups, questions, wasted, delay } = waste;
  const note = new Note();
  note.count = wasted;
  note.firstTime = waste.firstTime;
  note.lastTime = waste.lastTime;
  note.packets.push(...waste.packets);
  const suffixes = [...waste.bySuffix]
    .sort(([, a], [, b]) => b - a)
    .map(([suffix, count]) => `${suffix} (${count})`);
  finder.add({
    kind: 'dns-search-waste',
    severity: 'info',
    what: `${wasted} of ${pluralise(questions, 'question')} for ${pluralise(lookups, 'name')} only tried search suffixes without success (${percentText(wasted, questions)}), ${durationText(delay / lookups)} per lookup: ${suffixes.join(', ')}; for example ${waste.example}`,
    who: finder.names.withName(waste.client),
    note,
    interfaceIndex: -1,
    filter: `${addressFilter(waste.client)} && dns.flags.rcode == 3`,
    causes: [
      'ndots:5 in the pod’s resolv.conf: a name with fewer dots is tried with each search suffix first',
      'remedies: a dot at the end of external names, or dnsConfig with ndots:2',
    ],
  });
}

function namesOf({ names }: DnsEvents): string {
  return names.length > 3 ? `${names.slice(0, 3).join(', ')} …` : names.join(', ');
}
