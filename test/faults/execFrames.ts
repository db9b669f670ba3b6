import { Transform } from 'node:stream';
import { CHANNEL, messageHead } from '../cluster/apiserver/channels.ts';
import type { StreamFault } from './streamFault.ts';

/** Set in the opcodes of control frames (RFC 6455, section 5.2). */
const CONTROL_OPCODES = 0x08;

/**
 * Forwards the frames of an exec's server to its client, but closes standard output early or damages the status frame,
 * according to the fault. Frames of a server are not masked, and hold whole messages in Kubernetes.
 */
export function execFrames(fault: Pick<StreamFault, 'status' | 'stdoutClosesAfter'>): Transform {
  let head = Buffer.alloc(0);
  let forwardBytes = 0;
  let dropBytes = 0;
  let stdoutLeft = fault.stdoutClosesAfter;
  let stdoutOpen = true;

  /** Returns what to send in place of a frame's head, and sets how much of its payload follows. */
  const startFrame = (channel: number, length: number, frameHead: Buffer): Buffer => {
    const forwardPayload = (forwarded: number) => {
      forwardBytes = forwarded;
      dropBytes = length - forwarded;
    };
    if (channel === CHANNEL.status && fault.status !== 'sent') {
      if (fault.status === 'dropped') {
        forwardPayload(0);
        return Buffer.alloc(0);
      }
      forwardPayload(Math.floor(length / 2));
      return messageHead(channel, forwardBytes);
    }
    if (channel === CHANNEL.stdout && !stdoutOpen) {
      forwardPayload(0);
      return Buffer.alloc(0);
    }
    if (channel === CHANNEL.stdout && length > stdoutLeft) {
      stdoutOpen = false;
      forwardPayload(stdoutLeft);
      return messageHead(channel, forwardBytes);
    }
    if (channel === CHANNEL.stdout) stdoutLeft -= length;
    forwardPayload(length);
    return frameHead;
  };

  return new Transform({
    transform(chunk: Buffer, _encoding, callback) {
      let rest = chunk;
      const closeStdout = () => {
        // After the last forwarded byte of standard output.
        if (!stdoutOpen && forwardBytes === 0 && stdoutLeft >= 0) {
          stdoutLeft = -1;
          this.push(Buffer.concat([messageHead(CHANNEL.close, 1), Buffer.from([CHANNEL.stdout])]));
        }
      };
      while (rest.length > 0) {
        if (forwardBytes > 0) {
          const part = rest.subarray(0, forwardBytes);
          this.push(part);
          forwardBytes -= part.length;
          rest = rest.subarray(part.length);
          closeStdout();
          continue;
        }
        if (dropBytes > 0) {
          const dropped = Math.min(dropBytes, rest.length);
          dropBytes -= dropped;
          rest = rest.subarray(dropped);
          continue;
        }
        head = Buffer.concat([head, rest.subarray(0, 1)]);
        rest = rest.subarray(1);
        const frame = frameOf(head);
        if (!frame) continue;
        const completeHead = head;
        head = Buffer.alloc(0);
        if (frame.channel === undefined) {
          forwardBytes = frame.length;
          dropBytes = 0;
          this.push(completeHead);
        } else {
          const replacement = startFrame(frame.channel, frame.length, completeHead);
          if (replacement.length > 0) this.push(replacement);
          closeStdout();
        }
      }
      callback();
    },
  });
}

/** The channel and the payload length (without the channel) in a frame's head. Undefined until it is complete. */
function frameOf(
  head: Buffer,
): { readonly channel: number | undefined; readonly length: number } | undefined {
  if (head.length < 2) return undefined;
  const lengthField = (head[1] ?? 0) & 0x7f;
  const size = lengthField === 126 ? 4 : lengthField === 127 ? 10 : 2;
  if (head.length < size) return undefined;
  const length =
    lengthField === 126
      ? head.readUInt16BE(2)
      : lengthField === 127
        ? Number(head.readBigUInt64BE(2))
        : lengthField;
  const isControl = ((head[0] ?? 0) & CONTROL_OPCODES) !== 0;
  if (isControl || length === 0) return { channel: undefined, length };
  if (head.length < size + 1) return undefined;
  return { channel: head[size] ?? 0, length: length - 1 };
}
