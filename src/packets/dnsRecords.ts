import { addressText } from './address.ts';
import { nameEnd, readName } from './dnsNames.ts';
import { u16 } from './numbers.ts';

export interface DnsQuestion {
  readonly name: string;
  readonly type: number;
  /** Multicast DNS: the upper bit of the class, which requests a unicast response (RFC 6762, 5.4). */
  readonly isMarked: boolean;
}

/** A record of a DNS message. */
export interface DnsRecord {
  readonly type: number;
  /** Multicast DNS: the upper bit of the class, the cache-flush bit (RFC 6762, 10.2). */
  readonly isMarked: boolean;
  /** The data as Wireshark shows it, for types whose data is an address or a name; otherwise empty. */
  readonly data: string;
}

const HEADER_BYTES = 12;
/** Output lines are truncated, so more records would not be shown. */
const MAX_RECORDS = 64;

/** Reads the questions and all records of the DNS message in bytes.subarray(start, end). */
export function readSections(
  bytes: Uint8Array,
  start: number,
  end: number,
): {
  readonly questions: readonly DnsQuestion[];
  readonly records: readonly DnsRecord[];
} {
  const count = (at: number) => u16(bytes, start + at);
  const questions: DnsQuestion[] = [];
  const records: DnsRecord[] = [];
  let at = start + HEADER_BYTES;
  for (let remaining = Math.min(MAX_RECORDS, count(4)); remaining > 0; remaining--) {
    const name = readName(bytes, start, at, end);
    at = nameEnd.at;
    if (nameEnd.malformed || nameEnd.cut || at + 4 > end) return { questions, records };
    questions.push({ name, type: u16(bytes, at), isMarked: isMarked(bytes, at + 2) });
    at += 4;
  }
  for (
    let remaining = Math.min(MAX_RECORDS, count(6) + count(8) + count(10));
    remaining > 0;
    remaining--
  ) {
    readName(bytes, start, at, end);
    at = nameEnd.at;
    if (nameEnd.malformed || nameEnd.cut || at + 10 > end) break;
    const type = u16(bytes, at);
    const length = u16(bytes, at + 8);
    const marked = isMarked(bytes, at + 2);
    at += 10;
    const data = at + length > end ? '' : dataText(bytes, start, type, at, at + length);
    records.push({ type, isMarked: marked, data });
    at += length;
  }
  return { questions, records };
}

function isMarked(bytes: Uint8Array, classAt: number): boolean {
  return ((bytes[classAt] as number) & 0x80) !== 0;
}

function dataText(bytes: Uint8Array, start: number, type: number, at: number, end: number): string {
  const name = (from: number) => readName(bytes, start, from, end);
  const length = end - at;
  switch (type) {
    case 1:
      return length === 4 ? addressText(bytes, at, 4) : '';
    case 28:
      return length === 16 ? addressText(bytes, at, 16) : '';
    case 2: // NS
    case 5: // CNAME
    case 6: // SOA
    case 12: // PTR
    case 39: // DNAME
    case 47: // NSEC: the next name
      return length === 0 ? '' : name(at);
    case 15: // MX
      return length > 2 ? `${u16(bytes, at)} ${name(at + 2)}` : '';
    case 33: // SRV
      return length > 6
        ? `${u16(bytes, at)} ${u16(bytes, at + 2)} ${u16(bytes, at + 4)} ${name(at + 6)}`
        : '';
    default:
      return '';
  }
}
