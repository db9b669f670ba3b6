import { latin1, looksLikeHttp } from '../../packets/http.ts';
import type { Packet } from '../../packets/packet.ts';

/** Longer texts are truncated. */
const MAX_LINE = 2_000;
/** Responses that never have a body. */
const NO_BODY = /^HTTP\/\S+ (?:1\d\d|204|304) /;

/** The first line of an HTTP/1 message that begins in this segment, as in Wireshark's Info column. */
export function httpInfo({ bytes, payloadAt, payloadEnd }: Packet): string | undefined {
  if (payloadEnd - payloadAt < 8 || !looksLikeHttp(bytes, payloadAt, payloadEnd)) return undefined;
  const text = latin1(bytes, payloadAt, Math.min(payloadEnd, payloadAt + MAX_LINE));
  const end = text.search(/\r?\n/);
  if (end < 0) return text;
  const head = text.split(/\r?\n\r?\n/, 1)[0] ?? '';
  const type = /^content-type: *([^;\r\n]*)/im.exec(head)?.[1];
  const hasBody = !/^content-length: *0\s*$/im.test(head) && !NO_BODY.test(text);
  return `${text.slice(0, end)} ${type !== undefined && hasBody ? ` (${type.trim()})` : ''}`;
}
