/** Channels of the `*.channel.k8s.io` websocket protocols: the first byte of every message. */
export const CHANNEL = {
  stdin: 0,
  stdout: 1,
  stderr: 2,
  status: 3,
  resize: 4,
  close: 255,
} as const;

export const V4 = 'v4.channel.k8s.io';
export const V5 = 'v5.channel.k8s.io';

// FIN and opcode "binary", RFC 6455 section 5.2.
const BINARY_MESSAGE = 0x82;

/**
 * The head of a server's message with a payload of `length` bytes on a channel. The payload is written after it, so
 * that it is not copied.
 */
export function messageHead(channel: number, length: number): Buffer {
  const size = length + 1;
  if (size < 126) return Buffer.from([BINARY_MESSAGE, size, channel]);
  if (size < 0x10000) {
    return Buffer.from([BINARY_MESSAGE, 126, size >> 8, size & 0xff, channel]);
  }
  const head = Buffer.alloc(11);
  head.writeUInt8(BINARY_MESSAGE, 0);
  head.writeUInt8(127, 1);
  head.writeBigUInt64BE(BigInt(size), 2);
  head.writeUInt8(channel, 10);
  return head;
}
