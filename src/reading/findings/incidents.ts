import type { Endpoint } from '../conversation.ts';
import type { FindingKind, Severity } from './finding.ts';

/** The connections and servers that a finding affects, to find causes and consequences. */
export interface Scope {
  /** Serial numbers of the affected conversations. */
  readonly conversations: ReadonlySet<number>;
  /** Whether more conversations are affected. */
  readonly hasMore: boolean;
  /** The endpoints that cannot be reached or do not answer. Port 0 stands for all ports of a host. */
  readonly servers: readonly Endpoint[];
}

const NO_SCOPE: Scope = { conversations: new Set(), hasMore: false, servers: [] };

const LOST: readonly FindingKind[] = [
  'loss-between-points',
  'packet-too-big',
  'mtu-black-hole',
  'peer-stopped-answering',
];
const UNREACHABLE: readonly FindingKind[] = ['unreachable', 'arp-unanswered', 'time-exceeded'];
const TLS: readonly FindingKind[] = [
  'tls-version-mismatch',
  'tls-certificate-rejected',
  'tls-certificate-expired',
  'tls-alert',
  'tls-handshake-reset',
];

/**
 * The possible causes of each kind of finding, if both affect the same connections or the same server. They are tried
 * in this order. docs/summary.md describes the rule.
 */
const CAUSES: Partial<Record<FindingKind, readonly FindingKind[]>> = {
  'mtu-black-hole': ['packet-too-big'],
  'peer-stopped-answering': ['loss-between-points', 'mtu-black-hole', ...UNREACHABLE],
  'syn-unanswered': ['loss-between-points', ...UNREACHABLE],
  'syn-retried': ['loss-between-points', ...UNREACHABLE],
  retransmissions: LOST,
  'out-of-order': [...LOST, 'retransmissions'],
  'segments-not-captured': [...LOST, 'retransmissions'],
  'tls-handshake-reset': [...LOST, 'reset-by-middlebox'],
  'tls-certificate-rejected': ['tls-certificate-expired'],
  'tls-alert': ['tls-certificate-expired'],
  'tls-hello-incomplete': LOST,
  'idle-reset': [...LOST, 'reset-by-middlebox'],
  'connection-reset': [...LOST, 'reset-by-middlebox', ...TLS],
  'http-slow': [...LOST, 'retransmissions', 'zero-window'],
  'dns-race': ['loss-between-points'],
  'dns-unanswered': ['loss-between-points', ...UNREACHABLE, 'dns-servfail', 'dns-race'],
  'dns-slow': ['loss-between-points', 'dns-servfail', 'dns-unanswered'],
};

/** The properties of a finding that matter here. */
interface Judged {
  readonly kind: FindingKind;
  readonly severity: Severity;
  readonly interfaceIndex: number;
  readonly scope?: Scope;
}

const SEVERITIES: readonly Severity[] = ['error', 'warning', 'info'];

/**
 * Groups findings, the worst first, with their consequences. The first finding of each incident is the cause, with the
 * highest severity of the incident.
 */
export function groupIncidents<T extends Judged>(
  findings: readonly T[],
  connectionOf: (conversation: number) => number,
): [T, ...T[]][] {
  const causes = causesOf(findings, connectionOf);
  const consequences = Map.groupBy(findings.keys(), (index) => causes[index] ?? -1);
  return findings.flatMap((finding, index): [T, ...T[]][] => {
    if ((causes[index] ?? -1) >= 0) return [];
    const its = (consequences.get(index) ?? []).map((at) => findings[at] as T);
    const worst = SEVERITIES.find((severity) =>
      [finding, ...its].some((one) => one.severity === severity),
    );
    return [[{ ...finding, severity: worst ?? finding.severity }, ...its]];
  });
}

/**
 * For each finding, ordered from the worst: the index of its cause, or -1 without one. `connectionOf` returns the same
 * number for conversations that are one connection at several points.
 */
function causesOf(
  findings: readonly Judged[],
  connectionOf: (conversation: number) => number,
): number[] {
  const scopes = findings.map(({ scope = NO_SCOPE }) => ({
    ...scope,
    connections: new Set([...scope.conversations].map(connectionOf)),
  }));
  const causes = findings.map((finding, index) => {
    const covers = (other: number) =>
      other !== index && isCovered(scopes[index] as Covered, scopes[other] as Covered);
    for (const kind of CAUSES[finding.kind] ?? []) {
      const cause = findings.findIndex((other, at) => other.kind === kind && covers(at));
      if (cause >= 0) return cause;
    }
    // The same problem of the same connections at another point.
    return findings.findIndex(
      (other, at) =>
        at < index &&
        other.kind === finding.kind &&
        other.interfaceIndex !== finding.interfaceIndex &&
        (scopes[at]?.connections.size ?? 0) > 0 &&
        covers(at),
    );
  });
  return causes.map((cause) => rootOf(cause, causes));
}

interface Covered extends Scope {
  readonly connections: ReadonlySet<number>;
}

/** Whether everything that `one` affects is also affected by `other`. */
function isCovered(one: Covered, other: Covered): boolean {
  if (one.connections.size > 0 && other.connections.size > 0) {
    for (const connection of one.connections)
      if (!other.connections.has(connection)) return other.hasMore && isSameServer(one, other);
    return !one.hasMore || (other.hasMore && isSameServer(one, other));
  }
  return isSameServer(one, other);
}

function isSameServer(one: Scope, other: Scope): boolean {
  return (
    one.servers.length > 0 &&
    one.servers.every(({ address, port }) =>
      other.servers.some(
        (server) =>
          server.address === address && (server.port === 0 || port === 0 || server.port === port),
      ),
    )
  );
}

/** The first cause in a chain of causes. */
function rootOf(cause: number, causes: readonly number[]): number {
  let root = cause;
  for (let steps = 0; root >= 0 && steps < causes.length; steps++) {
    const next = causes[root] ?? -1;
    if (next < 0) return root;
    root = next;
  }
  return root;
}
