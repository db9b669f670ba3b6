/** A DNS question and its answer. Times are nanoseconds since the start of the capture. */
export interface DnsLookup {
  readonly id: number;
  readonly name: string;
  readonly type: number;
  /** The packet of the question; 0 if the question is not in the capture. */
  readonly packet: number;
  readonly time: number;
  /** -1 until there is an answer. */
  responseCode: number;
  responsePacket: number;
  responseTime: number;
  isTruncated: boolean;
  /** Answers to this question. */
  responses: number;
  addresses: readonly string[];
  /** How often the same question with the same ID was repeated. */
  repeats: number;
}

/** The number of lookups kept with details for each conversation. */
const MAX_LOOKUPS = 20;

/** The DNS messages of a conversation. */
export class DnsFacts {
  questions = 0;
  answers = 0;
  /** Answers whose question is not in the capture. */
  unsolicited = 0;
  malformed = 0;
  truncated = 0;
  readonly responseCodes = new Map<number, number>();
  readonly lookups: DnsLookup[] = [];
  /** The sum and the maximum over all answers. */
  totalLatency = 0;
  longestLatency = 0;

  keep(lookup: DnsLookup): void {
    if (this.lookups.length < MAX_LOOKUPS) this.lookups.push(lookup);
  }
}
