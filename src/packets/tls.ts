import { u16, u24 } from './numbers.ts';

/** Types of TLS records and of handshake messages (RFC 8446). */
export const TLS_RECORD = { changeCipherSpec: 20, alert: 21, handshake: 22, data: 23 } as const;
export const TLS_HANDSHAKE = { clientHello: 1, serverHello: 2, certificate: 11 } as const;
export const TLS_RECORD_HEADER_BYTES = 5;
export const TLS_HANDSHAKE_HEADER_BYTES = 4;
/** A record holds up to 2^14 bytes, and encryption adds some. */
const MAX_RECORD_BYTES = 16_384 + 2_048;

const EXTENSION = {
  serverName: 0,
  alpn: 16,
  supportedVersions: 43,
  encryptedClientHello: 0xfe0d,
} as const;
/** A ServerHello with this random is a HelloRetryRequest (RFC 8446, 4.1.3). */
const RETRY_RANDOM = 'cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c';
const MAX_NAMES = 16;

const VERSION_NAMES: Readonly<Record<number, string>> = {
  2: 'SSLv2',
  768: 'SSLv3',
  769: 'TLSv1.0',
  770: 'TLSv1.1',
  771: 'TLSv1.2',
  772: 'TLSv1.3',
};

/** TLSv1.2 …; drafts of TLS 1.3 are marked as drafts. */
export function tlsVersionName(version: number): string {
  const draft = version >> 8 === 0x7f ? `TLSv1.3 (draft ${version & 0xff})` : undefined;
  return VERSION_NAMES[version] ?? draft ?? `0x${version.toString(16).padStart(4, '0')}`;
}

const ALERT_NAMES: Readonly<Record<number, string>> = {
  0: 'close notify',
  10: 'unexpected message',
  20: 'bad record MAC',
  21: 'decryption failed',
  22: 'record overflow',
  30: 'decompression failure',
  40: 'handshake failure',
  41: 'no certificate',
  42: 'bad certificate',
  43: 'unsupported certificate',
  44: 'certificate revoked',
  45: 'certificate expired',
  46: 'certificate unknown',
  47: 'illegal parameter',
  48: 'unknown CA',
  49: 'access denied',
  50: 'decode error',
  51: 'decrypt error',
  70: 'protocol version',
  71: 'insufficient security',
  80: 'internal error',
  86: 'inappropriate fallback',
  90: 'user canceled',
  100: 'no renegotiation',
  109: 'missing extension',
  110: 'unsupported extension',
  112: 'unrecognized name',
  113: 'bad certificate status response',
  115: 'unknown PSK identity',
  116: 'certificate required',
  120: 'no application protocol',
};

/** The name of an alert in RFC 8446. */
export function alertName(description: number): string {
  return ALERT_NAMES[description] ?? `alert ${description}`;
}

export interface ClientHello {
  /** The versions that the client offers, the highest first, without unknown and reserved values. */
  readonly versions: readonly number[];
  readonly serverName: string | undefined;
  readonly alpn: readonly string[];
  /** Encrypted ClientHello: the server name is the public one of the fronting server. */
  readonly isEncrypted: boolean;
}

export interface ServerHello {
  readonly version: number;
  readonly cipher: number;
  readonly alpn: string | undefined;
  readonly isRetry: boolean;
}

/** Whether a TLS handshake or alert record may begin at `at`. */
export function looksLikeTls(bytes: Uint8Array, at: number, end: number): boolean {
  if (at + 6 > end) return false;
  if (bytes[at + 1] !== 3 || (bytes[at + 2] as number) > 4) return false;
  const length = u16(bytes, at + 3);
  if (bytes[at] === TLS_RECORD.alert) return length === 2;
  if (bytes[at] !== TLS_RECORD.handshake || length < 4 || length > MAX_RECORD_BYTES) return false;
  const type = bytes[at + 5] as number;
  return type === TLS_HANDSHAKE.clientHello || type === TLS_HANDSHAKE.serverHello;
}

/** Reads the body of a ClientHello, which may have no extensions; undefined if it is damaged. */
export function readClientHello(
  bytes: Uint8Array,
  at: number,
  end: number,
): ClientHello | undefined {
  if (at + 35 > end) return undefined;
  const legacyVersion = u16(bytes, at);
  let next = at + 34;
  next += 1 + (bytes[next] as number);
  if (next + 2 > end) return undefined;
  next += 2 + u16(bytes, next);
  if (next + 1 > end) return undefined;
  next += 1 + (bytes[next] as number);
  let versions: number[] = [];
  let serverName: string | undefined;
  let alpn: string[] = [];
  let isEncrypted = false;
  forEachExtension(bytes, next, end, (type, from, to) => {
    if (type === EXTENSION.serverName) serverName = readServerName(bytes, from, to);
    else if (type === EXTENSION.alpn) alpn = readAlpn(bytes, from, to);
    else if (type === EXTENSION.supportedVersions) versions = readVersions(bytes, from, to);
    else if (type === EXTENSION.encryptedClientHello) isEncrypted = true;
  });
  if (versions.length === 0) versions = [legacyVersion];
  return { versions, serverName, alpn, isEncrypted };
}

/** Reads the body of a ServerHello; undefined if it is damaged. */
export function readServerHello(
  bytes: Uint8Array,
  at: number,
  end: number,
): ServerHello | undefined {
  if (at + 38 > end) return undefined;
  let version = u16(bytes, at);
  const random = Buffer.from(bytes.subarray(at + 2, at + 34)).toString('hex');
  const afterSession = at + 35 + (bytes[at + 34] as number);
  if (afterSession + 2 > end) return undefined;
  const cipher = u16(bytes, afterSession);
  let alpn: string | undefined;
  // Drafts of TLS 1.3 up to 21 have no compression method here.
  forEachExtension(bytes, afterSession + 3, end, (type, from, to) => {
    if (type === EXTENSION.supportedVersions && from + 2 <= to) version = u16(bytes, from);
    else if (type === EXTENSION.alpn) [alpn] = readAlpn(bytes, from, to);
  });
  return { version, cipher, alpn, isRetry: random === RETRY_RANDOM };
}

function forEachExtension(
  bytes: Uint8Array,
  at: number,
  end: number,
  visit: (type: number, from: number, to: number) => void,
): void {
  if (at + 2 > end) return;
  const last = Math.min(end, at + 2 + u16(bytes, at));
  let next = at + 2;
  while (next + 4 <= last) {
    const to = next + 4 + u16(bytes, next + 2);
    if (to > last) return;
    visit(u16(bytes, next), next + 4, to);
    next = to;
  }
}

function readServerName(bytes: Uint8Array, at: number, end: number): string | undefined {
  if (at + 5 > end || bytes[at + 2] !== 0) return undefined;
  const from = at + 5;
  return text(bytes, from, Math.min(end, from + u16(bytes, at + 3)));
}

function readAlpn(bytes: Uint8Array, at: number, end: number): string[] {
  const names: string[] = [];
  let next = at + 2;
  while (next < end && names.length < MAX_NAMES) {
    const to = next + 1 + (bytes[next] as number);
    if (to > end) break;
    names.push(text(bytes, next + 1, to));
    next = to;
  }
  return names;
}

function readVersions(bytes: Uint8Array, at: number, end: number): number[] {
  const versions: number[] = [];
  for (let next = at + 1; next + 2 <= end && versions.length < MAX_NAMES; next += 2) {
    const version = u16(bytes, next);
    // GREASE (RFC 8701): 0x0a0a, 0x1a1a …
    if ((version & 0x0f0f) !== 0x0a0a) versions.push(version);
  }
  return versions.sort((a, b) => b - a);
}

function text(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.subarray(from, to)).toString('latin1');
}

/** The range of the first certificate in the body of a Certificate message (TLS 1.2 and earlier). */
export function firstCertificate(
  bytes: Uint8Array,
  at: number,
  end: number,
): readonly [from: number, to: number] | undefined {
  if (at + 6 > end) return undefined;
  const from = at + 6;
  const to = from + u24(bytes, at + 3);
  return to <= end && to > from ? [from, to] : undefined;
}
