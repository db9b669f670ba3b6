import { addressText } from './address.ts';
import { nameEnd, netbiosName, readName } from './dnsNames.ts';
import { u16 } from './numbers.ts';

/** Record types that are decoded (IANA, DNS parameters). */
export const DNS_TYPE = {
  a: 1,
  cname: 5,
  ptr: 12,
  aaaa: 28,
  netbios: 32,
  srv: 33,
  opt: 41,
  https: 65,
} as const;

const TYPE_NAMES: Readonly<Record<number, string>> = {
  1: 'A',
  2: 'NS',
  5: 'CNAME',
  6: 'SOA',
  12: 'PTR',
  13: 'HINFO',
  11: 'WKS',
  15: 'MX',
  16: 'TXT',
  17: 'RP',
  18: 'AFSDB',
  28: 'AAAA',
  29: 'LOC',
  32: 'NB',
  33: 'SRV',
  35: 'NAPTR',
  37: 'CERT',
  39: 'DNAME',
  41: 'OPT',
  43: 'DS',
  44: 'SSHFP',
  46: 'RRSIG',
  47: 'NSEC',
  48: 'DNSKEY',
  50: 'NSEC3',
  51: 'NSEC3PARAM',
  52: 'TLSA',
  59: 'CDS',
  60: 'CDNSKEY',
  64: 'SVCB',
  65: 'HTTPS',
  249: 'TKEY',
  250: 'TSIG',
  251: 'IXFR',
  252: 'AXFR',
  255: 'ANY',
  256: 'URI',
  257: 'CAA',
};

/** A, AAAA, PTR …; TYPE1234 for a type without a name here (RFC 3597). */
export function dnsTypeName(type: number): string {
  return TYPE_NAMES[type] ?? `TYPE${type}`;
}

const RESPONSE_CODES = [
  'NOERROR',
  'FORMERR',
  'SERVFAIL',
  'NXDOMAIN',
  'NOTIMP',
  'REFUSED',
  'YXDOMAIN',
  'YXRRSET',
  'NXRRSET',
  'NOTAUTH',
  'NOTZONE',
];
const BADVERS = 16;

/** NOERROR, SERVFAIL, NXDOMAIN …; RCODE23 for a code without a name here. */
export function responseCodeName(code: number): string {
  return code === BADVERS ? 'BADVERS' : (RESPONSE_CODES[code] ?? `RCODE${code}`);
}

export interface DnsMessage {
  readonly id: number;
  readonly isResponse: boolean;
  readonly opcode: number;
  /** Includes the upper bits from an EDNS record, if there is one. */
  readonly responseCode: number;
  /** TC: the client has to use TCP to get the whole answer. */
  readonly isTruncated: boolean;
  /** The first question; most messages have only one. For an answer without a question: its first record. */
  readonly name: string;
  readonly type: number;
  readonly questions: number;
  readonly answers: number;
  /** The first addresses in the answer. */
  readonly addresses: readonly string[];
  /** The message ends before the records it announces: a fragment, or truncated by the snap length. */
  readonly isCut: boolean;
  /** A name is too long, or has invalid compression pointers. */
  readonly isMalformed: boolean;
}

const HEADER_BYTES = 12;
const MAX_ADDRESSES = 8;
/** Enough for any real message; hostile ones announce 65,535 records. */
const MAX_RECORDS = 512;

/** Whether these bytes may be a DNS message. Checks the header only. */
export function looksLikeDns(bytes: Uint8Array, at: number, end: number): boolean {
  if (at + HEADER_BYTES > end) return false;
  const flags = u16(bytes, at + 2);
  const opcode = (flags >> 11) & 0x0f;
  if (opcode > 5 || (flags & 0x0040) !== 0) return false;
  return u16(bytes, at + 4) <= 1 && u16(bytes, at + 6) < 256 && u16(bytes, at + 8) < 256;
}

/** Reads the DNS message in bytes.subarray(start, end); undefined if the header is incomplete. */
export function readDns(bytes: Uint8Array, start: number, end: number): DnsMessage | undefined {
  if (start + HEADER_BYTES > end) return undefined;
  const flags = u16(bytes, start + 2);
  const questions = u16(bytes, start + 4);
  const answers = u16(bytes, start + 6);
  let at = start + HEADER_BYTES;
  let name = '';
  let type = 0;
  let isCut = false;
  let isMalformed = false;
  for (let index = 0; index < Math.min(questions, MAX_RECORDS) && !isCut && !isMalformed; index++) {
    const questionName = readName(bytes, start, at, end);
    isMalformed = nameEnd.malformed;
    isCut = nameEnd.cut || nameEnd.at + 4 > end;
    if (index === 0) {
      name = questionName;
      if (!isCut) type = u16(bytes, nameEnd.at);
      if (type === DNS_TYPE.netbios) name = netbiosName(name);
    }
    at = nameEnd.at + 4;
  }
  const records = answers + u16(bytes, start + 8) + u16(bytes, start + 10);
  const summary: RecordSummary = { addresses: [], extendedCode: 0, name: '', type: 0 };
  if (!isCut && !isMalformed && records > 0) {
    const outcome = readRecords(bytes, start, at, end, records, answers, summary);
    isCut = outcome === 'cut';
    isMalformed = outcome === 'malformed';
  }
  return {
    id: u16(bytes, start),
    isResponse: (flags & 0x8000) !== 0,
    opcode: (flags >> 11) & 0x0f,
    responseCode: (flags & 0x0f) | (summary.extendedCode << 4),
    isTruncated: (flags & 0x0200) !== 0,
    name: questions === 0 ? summary.name : name,
    type: questions === 0 ? summary.type : type,
    questions,
    answers,
    addresses: summary.addresses,
    isCut,
    isMalformed,
  };
}

interface RecordSummary {
  readonly addresses: string[];
  extendedCode: number;
  /** The name and type of the first record. */
  name: string;
  type: number;
}

function readRecords(
  bytes: Uint8Array,
  start: number,
  position: number,
  end: number,
  records: number,
  answers: number,
  summary: RecordSummary,
): 'whole' | 'cut' | 'malformed' {
  let at = position;
  for (let index = 0; index < Math.min(records, MAX_RECORDS); index++) {
    const name = readName(bytes, start, at, end);
    if (nameEnd.malformed) return 'malformed';
    at = nameEnd.at;
    if (nameEnd.cut || at + 10 > end) return 'cut';
    const type = u16(bytes, at);
    if (index === 0) {
      summary.name = type === DNS_TYPE.netbios ? netbiosName(name) : name;
      summary.type = type;
    }
    const length = u16(bytes, at + 8);
    const data = at + 10;
    if (type === DNS_TYPE.opt) summary.extendedCode = bytes[at + 4] as number;
    if (data + length > end) return 'cut';
    const isAddress =
      (type === DNS_TYPE.a && length === 4) || (type === DNS_TYPE.aaaa && length === 16);
    if (isAddress && index < answers && summary.addresses.length < MAX_ADDRESSES)
      summary.addresses.push(addressText(bytes, data, length));
    at = data + length;
  }
  return 'whole';
}
