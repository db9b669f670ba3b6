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

const LOSS_KINDS: readonly FindingKind[] = [
  'loss-between-points',
  'packet-too-big',
  'mtu-black-hole',
  'peer-stopped-answering',
];
const UNREACHABLE_KINDS: readonly FindingKind[] = [
  'unreachable',
  'arp-unanswered',
  'time-exceeded',
];
const TLS_KINDS: readonly FindingKind[] = [
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
  'peer-stopped-answering': ['loss-between-points', 'mtu-black-hole', ...UNREACHABLE_KINDS],
  'syn-unanswered': ['loss-between-points', ...UNREACHABLE_KINDS],
  'syn-retried': ['loss-between-points', ...UNREACHABLE_KINDS],
  retransmissions: LOSS_KINDS,
  'out-of-order': [...LOSS_KINDS, 'retransmissions'],
  'segments-not-captured': [...LOSS_KINDS, 'retransmissions'],
  'tls-handshake-reset': [...LOSS_KINDS, 'reset-by-middlebox'],
  'tls-certificate-rejected': ['tls-certificate-expired'],
  'tls-alert': ['tls-certificate-expired'],
  'tls-hello-incomplete': LOSS_KINDS,
  'idle-reset': [...LOSS_KINDS, 'reset-by-middlebox'],
  'connection-reset': [...LOSS_KINDS, 'reset-by-middlebox', ...TLS_KINDS],
  'http-slow': [...LOSS_KINDS, 'retransmissions', 'zero-window'],
  'dns-race': ['loss-between-points'],
  'dns-unanswered': ['loss-between-points', ...UNREACHABLE_KINDS, 'dns-servfail', 'dns-race'],
  'dns-slow': ['loss-between-points', 'dns-servfail', 'dns-unanswered'],
};

/** The properties of a finding that matter here. */
interface ScopedFinding {
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
export function groupIncidents<T extends ScopedFinding>(
  findings: readonly T[],
  connectionOf: (conversation: number) => number,
): [T, ...T[]][] {
  const causes = causesOf(findings, connectionOf);
  const consequences = Map.groupBy(findings.keys(), (index) => causes[index] ?? -1);
  return findings.flatMap((finding, index): [T, ...T[]][] => {
    if ((causes[index] ?? -1) >= 0) return [];
    const consequencesOfCause = (consequences.get(index) ?? []).map(
      (consequenceIndex) => findings[consequenceIndex] as T,
    );
    const worst = SEVERITIES.find((severity) =>
      [finding, ...consequencesOfCause].some((candidate) => candidate.severity === severity),
    );
    return [[{ ...finding, severity: worst ?? finding.severity }, ...consequencesOfCause]];
  });
}

/**
 * For each finding, ordered from the worst: the index of its cause, or -1 without one. `connectionOf` returns the same
 * number for conversations that are one connection at several points.
 */
function causesOf(
  findings: readonly ScopedFinding[],
  connectionOf: (conversation: number) => number,
): number[] {
  const scopes = findings.map(({ scope = NO_SCOPE }) => ({
    ...scope,
    connections: new Set([...scope.conversations].map(connectionOf)),
  }));
  const causes = findings.map((finding, index) => {
    const covers = (candidate: number) =>
      candidate !== index && isCovered(scopes[index] as Coverage, scopes[candidate] as Coverage);
    for (const kind of CAUSES[finding.kind] ?? []) {
      const cause = findings.findIndex(
        (candidate, candidateIndex) => candidate.kind === kind && covers(candidateIndex),
      );
      if (cause >= 0) return cause;
    }
    // The same problem of the same connections at another point.
    return findings.findIndex(
      (candidate, candidateIndex) =>
        candidateIndex < index &&
        candidate.kind === finding.kind &&
        candidate.interfaceIndex !== finding.interfaceIndex &&
        (scopes[candidateIndex]?.connections.size ?? 0) > 0 &&
        covers(candidateIndex),
    );
  });
  return causes.map((cause) => rootOf(cause, causes));
}

interface Coverage extends Scope {
  readonly connections: ReadonlySet<number>;
}

/** Whether everything that `one` affects is also affected by `other`. */
function isCovered(inner: Coverage, outer: Coverage): boolean {
  if (inner.connections.size > 0 && outer.connections.size > 0) {
    for (const connection of inner.connections)
      if (!outer.connections.has(connection)) return outer.hasMore && isSameServer(inner, outer);
    return !inner.hasMore || (outer.hasMore && isSameServer(inner, outer));
  }
  return isSameServer(inner, outer);
}

function isSameServer(a: Scope, b: Scope): boolean {
  return (
    a.servers.length > 0 &&
    a.servers.every(({ address, port }) =>
      b.servers.some(
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
    const parent = causes[root] ?? -1;
    if (parent < 0) return root;
    root = parent;
  }
  return root;
}
