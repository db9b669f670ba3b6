/**
 * What a report's file holds for its page. Tables are columns: numbers of one kind next to each other
 * compress best. Times are whole microseconds; `start` of a table counts from `ReportData.start`.
 *
 * Written by makeReport(), read by the page: both are of one build, so the format needs no version.
 */
export interface ReportData {
  /** Milliseconds since 1970 that times count from. */
  readonly start: number;
  /** Of the whole capture, in microseconds. */
  readonly duration: number;
  /** Names of interfaces, by number. */
  readonly interfaces: readonly string[];
  readonly timeline: Timeline;
  /** Texts of the tables, which refer to them by number. */
  readonly texts: readonly string[];
  readonly conversations: ConversationColumns;
  readonly findings: readonly FindingMark[];
  readonly dns: LookupColumns;
  readonly tls: HandshakeColumns;
  readonly http: ExchangeColumns;
  /** Connections that several points saw: their conversations, from the client to the server. */
  readonly joined: readonly JoinedPoints[];
}

/** A finding, as far as the page shows it in the timeline and finds its conversations. */
export interface FindingMark {
  readonly number: number;
  readonly kind: string;
  readonly severity: string;
  /** Undefined for a finding without a time. */
  readonly from?: number;
  readonly to?: number;
  /** Rows of conversations that have it: the first few. */
  readonly rows: readonly number[];
}

export interface Timeline {
  /** Microseconds from the report's start to the first bucket, and the width of one. */
  readonly start: number;
  readonly step: number;
  readonly buckets: number;
  readonly traffic: readonly Traffic[];
  readonly troubles: readonly Trouble[];
}

/** What an interface saw, by bucket. */
export interface Traffic {
  readonly label: string;
  readonly packets: readonly number[];
  readonly bytes: readonly number[];
}

/** One kind of trouble, in buckets that had it. */
export interface Trouble {
  readonly kind: TroubleKind;
  /** In words, with the place: "lost from a to b". */
  readonly label: string;
  readonly total: number;
  readonly buckets: readonly number[];
  readonly counts: readonly number[];
}

export type TroubleKind = 'lost' | 'repeated' | 'reset' | 'failed' | 'dropped';

export interface ConversationColumns {
  /** Conversations of the captures; the columns may have fewer. */
  readonly total: number;
  readonly protocol: readonly number[];
  readonly interface: readonly number[];
  /** Numbers of texts: an address, or its name and the address. */
  readonly client: readonly number[];
  readonly clientPort: readonly number[];
  readonly server: readonly number[];
  readonly serverPort: readonly number[];
  /** Each counts from the one before. */
  readonly start: readonly number[];
  readonly duration: readonly number[];
  readonly clientPackets: readonly number[];
  readonly serverPackets: readonly number[];
  readonly clientBytes: readonly number[];
  readonly serverBytes: readonly number[];
  /** Number of a text: S0, SF and so on. */
  readonly state: readonly number[];
  /** Number of a text: what it carries. */
  readonly what: readonly number[];
  readonly repeated: readonly number[];
  readonly resets: readonly number[];
  readonly failed: readonly number[];
  readonly lost: readonly number[];
  /** Packets that are kept for the diagram, and how many followed the last of them. */
  readonly kept: readonly number[];
  readonly rest: readonly number[];
}

/** Packets of conversations, one conversation after the other: as many as `kept` says. */
export interface PacketColumns {
  /** Microseconds after the packet before; of a conversation's first: after its start. */
  readonly time: readonly number[];
  /** Its number in the capture, counted from that of the packet before; the first from 0. */
  readonly number: readonly number[];
  /** Packets of the conversation that were left out before it. */
  readonly skipped: readonly number[];
  /** Flags of TCP (8 bits), 0x100 from the client, 0x200 lost on its way, then SEGMENT bits from 0x400. */
  readonly marks: readonly number[];
  /** Counted from the first of its direction; type of ICMP. */
  readonly sequence: readonly number[];
  readonly acknowledgment: readonly number[];
  readonly length: readonly number[];
  readonly ipId: readonly number[];
  /** Number in `labels` and one; 0 for none. */
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
  /** Number of a text: the code, or "no answer". */
  readonly answer: readonly number[];
  /** -1 without an answer. */
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
