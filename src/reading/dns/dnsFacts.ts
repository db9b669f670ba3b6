/** A question and its answer. Times are nanoseconds since the capture's start. */
export interface DnsLookup {
  readonly id: number;
  readonly name: string;
  readonly type: number;
  /** Of the question: 0 for an answer whose question is not in the capture. */
  readonly packet: number;
  readonly time: number;
  /** -1 before an answer. */
  responseCode: number;
  responsePacket: number;
  responseTime: number;
  isTruncated: boolean;
  /** Answers to this one question. */
  responses: number;
  addresses: readonly string[];
  /** The same question came again with the same id before it was answered. */
  repeats: number;
}

/** Lookups kept in detail of a conversation. */
const MAX_LOOKUPS = 20;

/** What the DNS messages of a conversation say. */
export class DnsFacts {
  questions = 0;
  answers = 0;
  /** Answers to no question in the capture. */
  unasked = 0;
  malformed = 0;
  truncated = 0;
  readonly responseCodes = new Map<number, number>();
  readonly lookups: DnsLookup[] = [];
  /** Of all answers: the sum and the longest time. */
  totalLatency = 0;
  longestLatency = 0;

  keep(lookup: DnsLookup): void {
    if (this.lookups.length < MAX_LOOKUPS) this.lookups.push(lookup);
  }
}
