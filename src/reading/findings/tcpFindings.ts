import { durationText, percentText, pluralise } from '../timeText.ts';
import type { Finder, FindingGroup } from './finder.ts';
import type { FindingKind } from './finding.ts';
import { addGroupFindings, type GroupWording } from './groupFindings.ts';

const LOSS_CAUSES = [
  'packets are lost in the network: a full queue, an overloaded link or node',
  'an interface or virtual network with a smaller MTU, if only large segments are lost',
  'a rate limit of the pod or node',
];

const WORDINGS: Partial<Record<FindingKind, GroupWording>> = {
  'nat-skipped': {
    severity: 'error',
    what: (group, server) =>
      `packets to ${server} were answered by ${group.word('answered')}: the address was translated in one direction but not in the other, so the client resets the connection`,
    filter: 'tcp',
    causes: [
      'the server’s packets reach the client directly, bypassing the node that did the translation (same subnet, hairpin without SNAT)',
      'asymmetric routing, or a CNI that bypasses conntrack for local traffic',
    ],
  },
  'syn-unanswered': {
    severity: 'error',
    what: (group, server) =>
      `nothing answers at ${server}: ${pluralise(group.number('syns'), 'connection request')} in ${pluralise(group.conversations, 'attempt')} got no answer and no refusal`,
    filter: 'tcp.flags.syn == 1 && tcp.flags.ack == 0',
    causes: [
      'a network policy or firewall drops the packets',
      'the address belongs to no running pod or node: a stale endpoint',
      'the answer takes another path, which bypasses this capture or the NAT',
    ],
  },
  'connection-refused': {
    severity: 'error',
    what: (group, server) =>
      `${server} refuses connections: ${pluralise(group.conversations, 'attempt')} answered with RST`,
    filter: 'tcp.flags.reset == 1',
    causes: [
      'nothing listens on that port: the process has not started, has crashed, or listens on another port',
      'it only listens on 127.0.0.1',
      'the service has no ready endpoints, or a policy rejects instead of dropping',
    ],
  },
  'syn-retried': {
    severity: 'warning',
    what: (group, server) =>
      `${pluralise(group.conversations, 'connection')} to ${server} only opened after the SYN was retransmitted, up to ${group.number('syns')} times over ${durationText(group.number('waited'))}`,
    filter: 'tcp.flags.syn == 1',
    causes: [
      'the first packets of connections are lost: a full accept queue or conntrack table, or an overloaded link',
      'ARP or the network was not ready yet when the pod started',
    ],
  },
  'port-reused': {
    severity: 'warning',
    what: (group, server) =>
      `a connection to ${server} reused a client port ${durationText(group.number('reusedAfter'))} after its last connection, and its SYN was sent ${group.number('syns')} times over ${durationText(group.number('waited'))}`,
    filter: 'tcp.flags.syn == 1',
    causes: [
      'the server, or a NAT on the way, still has the old connection in TIME_WAIT and drops or challenges the new SYN',
      'too few client ports: many short connections through one address (SNAT) instead of persistent ones',
    ],
  },
  retransmissions: {
    severity: 'warning',
    what: (group, server) => {
      const { spurious, fast } = { spurious: group.number('spurious'), fast: group.number('fast') };
      const share = percentText(group.number('retransmissions'), group.number('segments'));
      const kinds = [
        fast > 0 && `${fast} fast`,
        spurious > 0 && `${spurious} more were unnecessary`,
      ];
      const from = group.number('fromServer') > group.number('fromClient') ? 'from' : 'to';
      const detail = kinds.filter(Boolean).join(', ');
      return `${pluralise(group.number('retransmissions'), 'segment')} of ${group.number('segments')} (${share}) were retransmitted, most of them ${from} ${server}${detail && ` (${detail})`}`;
    },
    filter: 'tcp.analysis.retransmission',
    causes: LOSS_CAUSES,
  },
  'out-of-order': {
    severity: 'warning',
    what: (group, server) =>
      `${pluralise(group.note.count, 'segment')} of connections with ${server} arrived out of order (${percentText(group.note.count, group.number('segments'))})`,
    filter: 'tcp.analysis.out_of_order',
    causes: [
      'several paths or links that are used in parallel',
      'several queues of a network card',
    ],
  },
  'segments-not-captured': {
    severity: 'info',
    what: (group, server) =>
      `at ${pluralise(group.note.count, 'place')} segments of connections with ${server} are missing from the capture`,
    filter: 'tcp.analysis.lost_segment',
    causes: [
      'the capture lost packets, or began in the middle of a connection',
      'they took another path, which bypasses this interface',
      'they were lost before they arrived here; then they are retransmitted',
    ],
  },
  'mtu-black-hole': {
    severity: 'error',
    what: (group, server) => {
      const sender = group.word('sender') === 'client' ? 'to' : 'from';
      const acked = group.number('acked');
      const small =
        acked > 0 ? `while segments of up to ${acked} bytes arrive` : 'while the handshake passed';
      return `large packets ${sender} ${server} never arrive: a segment of ${group.number('length')} bytes was sent ${pluralise(group.number('count'), 'time')} but not acknowledged, ${small}${group.word('silent') ? '; nothing came back afterwards, so the other end may also have died' : ''}`;
    },
    filter: 'tcp.analysis.retransmission',
    causes: [
      'a link with a smaller MTU on the path (overlay, VPN, tunnel), whose ICMP message is dropped',
      'the MTU of the pod interface is larger than that of the underlying network',
      'a firewall drops fragments or ICMP "fragmentation needed" / "packet too big"',
    ],
  },
  'peer-stopped-answering': {
    severity: 'error',
    what: (group, server) =>
      `the ${group.word('silent')} of a connection with ${server} stopped answering: the same data was sent ${pluralise(group.number('count'), 'time')} without an acknowledgment`,
    filter: 'tcp.analysis.retransmission',
    causes: [
      'the pod or node at the other end died or lost its network without closing its connections',
      'a network policy, NAT or load balancer lost track of the connection or dropped it',
    ],
  },
  'reset-by-middlebox': {
    severity: 'error',
    what: (group, server) =>
      `something in between reset a connection with ${server}: RST ${resetMoment(group)}claiming to be from the ${group.word('by')}; its TTL of ${group.number('ttl')} differs from the ${group.number('usualTtl')} of the other packets from there${resetText(group)}`,
    filter: 'tcp.flags.reset == 1',
    causes: [
      'a firewall, load balancer or NAT lost track of the idle connection',
      'a policy engine or intrusion prevention forbids the content',
    ],
  },
  'idle-reset': {
    severity: 'error',
    what: (group, server) =>
      `the ${group.word('by')} reset ${pluralise(group.conversations, 'connection')} with ${server} ${resetMoment(group)}${resetText(group)}`,
    filter: 'tcp.flags.reset == 1',
    causes: [
      'an idle timeout at that end, or of a proxy or load balancer in front of it, that is shorter than the keep-alive interval of the other end',
      'a NAT on the path lost track of the connection; keep-alives more frequent than its timeout prevent that',
    ],
  },
  'connection-reset': {
    severity: 'warning',
    what: (group, server) =>
      `the ${group.word('by')} reset ${pluralise(group.conversations, 'connection')} with ${server}${group.word('unanswered') ? ', before any response' : ''}${resetText(group)}`,
    filter: 'tcp.flags.reset == 1',
    causes: [
      'the process at that end crashed, was killed, or closed the socket with data unread',
      'a proxy or sidecar closed the connection: a timeout, or its other side failed',
      'that end expects another protocol',
    ],
  },
  'zero-window': {
    severity: 'warning',
    what: (group, server) =>
      `the ${group.word('receiver')} of connections with ${server} had no room for more data for a total of ${durationText(group.number('closed'))}: it reads too slowly`,
    filter: 'tcp.analysis.zero_window',
    causes: [
      'the receiving process is busy, blocked or has too little CPU (check for throttling)',
      'its socket buffer is too small for the data rate',
    ],
  },
};

function resetMoment(group: FindingGroup): string {
  const silence = group.number('silence');
  return silence >= 1e9 ? `after ${durationText(silence)} of silence ` : '';
}

function resetText(group: FindingGroup): string {
  const text = group.word('text');
  return text === '' ? '' : `; with the text ${JSON.stringify(text)}`;
}

/** Adds the findings for the groups of the TCP rules. */
export function addTcpFindings(finder: Finder): void {
  addGroupFindings(finder, WORDINGS);
}
