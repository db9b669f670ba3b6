/** What findings there are: stable words, listed in docs/summary.md. The cause comes before its symptoms. */
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

/** What is wrong, which endpoints are affected, and how to see it. */
export interface Finding {
  readonly kind: FindingKind;
  readonly severity: Severity;
  /** In plain words, with the numbers that prove it. */
  readonly what: string;
  readonly who: string;
  /** ISO 8601, UTC: when it was seen first, and last where that differs. */
  readonly when: string;
  readonly until?: string;
  readonly count: number;
  /** Numbers of the first packets that show it. */
  readonly packets: readonly number[];
  /** Where packets are numbered so, and the interface, when there are several. */
  readonly interface?: string;
  /** Wireshark's display filter for them. */
  readonly filter: string;
  /** What tshark and Wireshark need besides to understand the packets: -d udp.port==8472,vxlan. */
  readonly decodeAs?: string;
  /** The usual causes, the likeliest first. */
  readonly causes: readonly string[];
  /** It comes of another finding: the index of that one, from 0. */
  readonly causedBy?: number;
  /** Why it may be no fault of the network. */
  readonly caveat?: string;
}

/** A finding that stands alone or causes others, and what comes of it. */
export interface Incident {
  readonly cause: Finding;
  /** Its place among all findings, from 0. */
  readonly index: number;
  readonly consequences: readonly Finding[];
}

/** Findings as incidents, in their order. */
export function incidentsOf(findings: readonly Finding[]): Incident[] {
  const consequences = Map.groupBy(findings, ({ causedBy }) => causedBy);
  return findings.flatMap((cause, index) =>
    cause.causedBy === undefined
      ? [{ cause, index, consequences: consequences.get(index) ?? [] }]
      : [],
  );
}
