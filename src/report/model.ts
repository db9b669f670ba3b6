/**
 * The data of a report's page. Tables are stored as columns, because numbers of one kind next to each other
 * compress best. Times are whole microseconds; the `start` of a table counts from `ReportData.start`.
 *
 * Written by renderReport() and read by the page. Both are from the same build, so the format needs no version.
 */
export interface ReportData {
  /** The origin of all times: milliseconds since 1970. */
  readonly start: number;
  /** The length of the whole capture, in microseconds. */
  readonly duration: number;
  /** The names of interfaces, by number. */
  readonly interfaces: readonly string[];
  readonly timeline: Timeline;
  /** The texts of the tables; the tables refer to them by number. */
  readonly texts: readonly string[];
  readonly conversations: ConversationColumns;
  readonly findings: readonly FindingMark[];
  readonly dns: LookupColumns;
  readonly tls: HandshakeColumns;
  readonly http: ExchangeColumns;
  /** Connections that several points saw, each as its conversations from client to server. */
  readonly joined: readonly JoinedPoints[];
}

/** What the page needs of a finding to show it in the timeline and to list its conversations. */
export interface FindingMark {
  readonly number: number;
  readonly kind: string;
  readonly severity: string;
  /** Undefined if the finding has no time. */
  readonly from?: number;
  readonly to?: number;
  /** The rows of its first conversations. */
  readonly rows: readonly number[];
}

export interface Timeline {
  /** The start of the first bucket, in microseconds from the report's start, and the width of a bucket. */
  readonly start: number;
  readonly step: number;
  readonly buckets: number;
  readonly traffic: readonly Traffic[];
  readonly troubles: readonly Trouble[];
}

/** The traffic that an interface saw, by bucket. */
export interface Traffic {
  readonly label: string;
  readonly packets: readonly number[];
  readonly bytes: readonly number[];
}

/** One kind of trouble, with only the buckets that have any. */
export interface Trouble {
  readonly kind: TroubleKind;
  /** What happened and where: "lost from a to b". */
  readonly label: string;
  readonly total: number;
  readonly buckets: readonly number[];
  readonly counts: readonly number[];
}

export type TroubleKind = 'lost' | 'repeated' | 'reset' | 'failed' | 'dropped';

export interface ConversationColumns {
  /** How many conversations the captures have; the columns may have fewer. */
  readonly total: number;
  readonly protocol: readonly number[];
  readonly interface: readonly number[];
  /** Text numbers: an address, or its name and the address. */
  readonly client: readonly number[];
  readonly clientPort: readonly number[];
  readonly server: readonly number[];
  readonly serverPort: readonly number[];
  /** Each value is the difference from the one before. */
  readonly start: readonly number[];
  readonly duration: readonly number[];
  readonly clientPackets: readonly number[];
  readonly serverPackets: readonly number[];
  readonly clientBytes: readonly number[];
  readonly serverBytes: readonly number[];
  /** Text number: S0, SF and so on. */
  readonly state: readonly number[];
  /** Text number: what the conversation carries. */
  readonly what: readonly number[];
  readonly repeated: readonly number[];
  readonly resets: readonly number[];
  readonly failed: readonly number[];
  readonly lost: readonly number[];
  /** How many packets are kept for the diagram, and how many follow the last kept one. */
  readonly kept: readonly number[];
  readonly rest: readonly number[];
}

/** The packets of all conversations, one conversation after the other; `kept` says how many each has. */
export interface PacketColumns {
  /** Microseconds since the packet before; for the first packet, since the conversation's start. */
  readonly time: readonly number[];
  /** The packet's number in the capture, as the difference from the packet before; the first counts from 0. */
  readonly number: readonly number[];
  /** How many packets of the conversation are left out before this one. */
  readonly skipped: readonly number[];
  /** TCP flags (8 bits), 0x100 for a packet from the client, 0x200 for a lost one, then SEGMENT bits from 0x400. */
  readonly marks: readonly number[];
  /** Relative to the first sequence number of the direction; for ICMP, the type. */
  readonly sequence: readonly number[];
  readonly acknowledgment: readonly number[];
  readonly length: readonly number[];
  readonly ipId: readonly number[];
  /** The index in `labels` plus one; 0 for none. */
  readonly label: readonly number[];
  readonly labels: readonly string[];
}

export const MARK = { fromClient: 0x100, lost: 0x200, segmentShift: 10 } as const;

export interface LookupColumns {
  readonly total: number;
  readonly row: readonly number[];
  readonly time: readonly number[];
  readonly name: readonly number[];
  readonly type: readonly number[];
  /** Text number: the response code, or "no answer". */
  readonly answer: readonly number[];
  /** -1 if there was no answer. */
  readonly latency: readonly number[];
  readonly addresses: readonly number[];
  readonly repeats: readonly number[];
}

export interface HandshakeColumns {
  readonly total: number;
  readonly row: readonly number[];
  readonly time: readonly number[];
  readonly serverName: readonly number[];
  readonly version: readonly number[];
  readonly alpn: readonly number[];
  readonly certificate: readonly number[];
  readonly alerts: readonly number[];
}

export interface ExchangeColumns {
  readonly total: number;
  readonly row: readonly number[];
  readonly time: readonly number[];
  readonly method: readonly number[];
  readonly target: readonly number[];
  readonly host: readonly number[];
  readonly status: readonly number[];
  readonly latency: readonly number[];
}

export interface JoinedPoints {
  readonly rows: readonly number[];
  /** How far the clock of each point is ahead of that of the first, in microseconds. */
  readonly clocks: readonly number[];
}
