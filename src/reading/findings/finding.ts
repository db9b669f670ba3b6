/** The kinds of findings: stable identifiers, listed in docs/summary.md. Causes come before their symptoms. */
export const FINDING_KINDS = [
  'capture-damaged',
  'loss-between-points',
  'nat-skipped',
  'mtu-black-hole',
  'reset-by-middlebox',
  'tls-version-mismatch',
  'tls-certificate-expired',
  'tls-certificate-rejected',
  'tls-alert',
  'tls-handshake-reset',
  'dns-servfail',
  'dns-refused',
  'dns-error',
  'dns-aaaa-ignored',
  'dns-race',
  'dns-unanswered',
  'dns-truncated',
  'syn-unanswered',
  'connection-refused',
  'packet-too-big',
  'unreachable',
  'time-exceeded',
  'arp-unanswered',
  'port-reused',
  'peer-stopped-answering',
  'idle-reset',
  'connection-reset',
  'http-server-errors',
  'zero-window',
  'syn-retried',
  'retransmissions',
  'dns-slow',
  'http-slow',
  'dns-search-waste',
  'out-of-order',
  'capture-drops',
  'capture-gaps',
  'capture-copies',
  'segments-not-captured',
  'tls-hello-incomplete',
  'packets-cut',
  'offload',
  'clock-offset',
  'joined-connection',
] as const;

export type FindingKind = (typeof FINDING_KINDS)[number];

export type Severity = 'error' | 'warning' | 'info';

/** A problem, the affected endpoints, and how to see it. */
export interface Finding {
  readonly kind: FindingKind;
  readonly severity: Severity;
  /** In plain words, with the figures that prove it. */
  readonly what: string;
  readonly who: string;
  /** The first time, and the last if it differs: ISO 8601, UTC. */
  readonly when: string;
  readonly until?: string;
  readonly count: number;
  /** The numbers of the first packets that show it. */
  readonly packets: readonly number[];
  /** The interface, if there are several. */
  readonly interface?: string;
  /** A display filter for Wireshark that shows the packets. */
  readonly filter: string;
  /** An option that tshark and Wireshark need to decode the packets: -d udp.port==8472,vxlan. */
  readonly decodeAs?: string;
  /** The usual causes, the most likely first. */
  readonly causes: readonly string[];
  /** The index of the finding that causes it, from 0. */
  readonly causedBy?: number;
  /** Why it may not be a problem of the network. */
  readonly caveat?: string;
}

/** A finding without a cause, and its consequences. */
export interface Incident {
  readonly cause: Finding;
  /** Its index among all findings, from 0. */
  readonly index: number;
  readonly consequences: readonly Finding[];
}

/** Groups findings into incidents and keeps their order. */
export function incidentsOf(findings: readonly Finding[]): Incident[] {
  const consequences = Map.groupBy(findings, ({ causedBy }) => causedBy);
  return findings.flatMap((cause, index) =>
    cause.causedBy === undefined
      ? [{ cause, index, consequences: consequences.get(index) ?? [] }]
      : [],
  );
}
