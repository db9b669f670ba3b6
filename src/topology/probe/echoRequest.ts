import type { ProbePlan } from './probePlan.ts';

const ECHO_REQUEST = { 4: 8, 6: 128 } as const;
const HEADER_BYTES = 8;

/**
 * An ICMP echo request (RFC 792, RFC 4443) for the shell's printf, with an octal escape for each byte. The kernel
 * sets the checksum of ICMPv6 itself.
 */
export function echoRequest({ destination, data, size }: ProbePlan, number: number): string {
  const payload = Buffer.from(`netdebug ${data} ${number}`);
  const message = Buffer.alloc(HEADER_BYTES + Math.max(payload.length, size));
  const family = destination.includes(':') ? 6 : 4;
  message[0] = ECHO_REQUEST[family];
  // The identifier, which connection tracking uses to tell flows apart.
  message.writeUInt16BE(Number.parseInt(data.slice(0, 4), 16), 4);
  message.writeUInt16BE(number + 1, 6);
  payload.copy(message, HEADER_BYTES);
  if (family === 4) message.writeUInt16BE(checksum(message), 2);
  return [...message].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
}

/** The Internet checksum (RFC 1071). */
function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2)
    sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
