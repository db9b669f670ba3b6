/** The fields of an X.509 certificate (RFC 5280) that are shown. */
export interface Certificate {
  /** Names as `CN=…, O=…`, in the certificate's order. */
  readonly subject: string;
  readonly issuer: string;
  /** Milliseconds since 1970; NaN if it is not a valid date. */
  readonly notBefore: number;
  readonly notAfter: number;
}

/** Tags of the DER values that are read. */
const SEQUENCE = 0x30;
const VERSION_TAG = 0xa0;
const UTC_TIME = 0x17;

const ATTRIBUTES: Readonly<Record<string, string>> = {
  '550403': 'CN',
  '550406': 'C',
  '550407': 'L',
  '550408': 'ST',
  '55040a': 'O',
  '55040b': 'OU',
};

/** A DER value: its tag and the range of its contents. */
interface DerValue {
  readonly tag: number;
  readonly from: number;
  readonly to: number;
}

/** Reads the certificate in bytes.subarray(from, to); undefined if it is damaged or not a certificate. */
export function readCertificate(
  bytes: Uint8Array,
  from: number,
  to: number,
): Certificate | undefined {
  const certificate = readValue(bytes, from, to);
  const body = certificate && readValue(bytes, certificate.from, certificate.to);
  if (body?.tag !== SEQUENCE) return undefined;
  const fields = readValues(bytes, body.from, body.to);
  if (fields[0]?.tag === VERSION_TAG) fields.shift();
  const [, , issuer, validity, subject] = fields;
  if (!issuer || !validity || !subject) return undefined;
  const [notBefore, notAfter] = readValues(bytes, validity.from, validity.to);
  if (!notBefore || !notAfter) return undefined;
  return {
    subject: nameText(bytes, subject),
    issuer: nameText(bytes, issuer),
    notBefore: parseTime(bytes, notBefore),
    notAfter: parseTime(bytes, notAfter),
  };
}

function readValue(bytes: Uint8Array, at: number, end: number): DerValue | undefined {
  if (at + 2 > end) return undefined;
  const tag = bytes[at] as number;
  const first = bytes[at + 1] as number;
  let from = at + 2;
  let length = first;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count < 1 || count > 3 || from + count > end) return undefined;
    length = 0;
    for (let index = 0; index < count; index++)
      length = length * 256 + (bytes[from + index] as number);
    from += count;
  }
  return from + length <= end ? { tag, from, to: from + length } : undefined;
}

function readValues(bytes: Uint8Array, from: number, to: number): DerValue[] {
  const values: DerValue[] = [];
  for (let at = from; at < to; ) {
    const value = readValue(bytes, at, to);
    if (!value || values.length >= 32) break;
    values.push(value);
    at = value.to;
  }
  return values;
}

function nameText(bytes: Uint8Array, name: DerValue): string {
  const parts = readValues(bytes, name.from, name.to).flatMap((set) =>
    readValues(bytes, set.from, set.to).map((attribute) => {
      const [type, value] = readValues(bytes, attribute.from, attribute.to);
      if (!type || !value) return undefined;
      const key = ATTRIBUTES[Buffer.from(bytes.subarray(type.from, type.to)).toString('hex')];
      return key && `${key}=${Buffer.from(bytes.subarray(value.from, value.to)).toString('utf8')}`;
    }),
  );
  return parts.filter((part) => part !== undefined).join(', ');
}

/** UTCTime: YYMMDDHHMMSSZ, for the years 1950 to 2049; GeneralizedTime: YYYYMMDDHHMMSSZ. */
function parseTime(bytes: Uint8Array, { tag, from, to }: DerValue): number {
  const text = Buffer.from(bytes.subarray(from, to)).toString('latin1');
  const century = Number(text.slice(0, 2)) < 50 ? '20' : '19';
  const digits = tag === UTC_TIME ? century + text : text;
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(digits);
  if (!match) return Number.NaN;
  const [year = 0, month = 0, day, hour, minute, second] = match.slice(1).map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second);
}
