import { randomBytes } from 'node:crypto';

/** Kinds of frames (RFC 6455, section 11.8). */
export const OPCODE = {
  continuation: 0,
  text: 1,
  binary: 2,
  close: 8,
  ping: 9,
  pong: 10,
} as const;

/** Receives the content of frames. */
export interface FrameHandler {
  /** Called with a part of a message, which is a part of the chunk that was read. An empty message is one call with no bytes. */
  onData(bytes: Buffer, part: MessagePart): void;
  /** Called with a complete control frame. */
  onControl(opcode: number, payload: Buffer): void;
}

/** The position of a part in its message. */
export interface MessagePart {
  readonly isFirst: boolean;
  readonly isLast: boolean;
}

/** RFC 6455, section 5.5. */
const MAX_CONTROL_BYTES = 125;
/** Two bytes, and a length of eight bytes. */
const MAX_HEADER_BYTES = 10;
const FINAL = 0x80;
const RESERVED = 0x70;
const MASKED = 0x80;
const LENGTH = 0x7f;
/** Values of the first length that mean that a longer length follows. */
const LENGTH_16 = 126;
const LENGTH_64 = 127;
const MASK_BYTES = 4;

/**
 * Reads the frames of a server from chunks. Delivers the parts of messages as they arrive: frames are not assembled, so
 * that nothing is copied and nothing waits for the end of a frame.
 */
export class FrameReader {
  readonly #handler: FrameHandler;
  readonly #maxBytes: number;
  readonly #header = Buffer.alloc(MAX_HEADER_BYTES);
  #headerBytes = 0;
  /** Bytes of the current frame's payload that have not arrived; undefined in a header. */
  #left: number | undefined;
  #opcode = 0;
  #isFinal = false;
  /** Whether the last frame of a message is missing. */
  #inMessage = false;
  #isFirst = false;
  #control: Buffer[] = [];

  /** `maxBytes` is the largest payload that is accepted. */
  constructor(handler: FrameHandler, maxBytes: number) {
    this.#handler = handler;
    this.#maxBytes = maxBytes;
  }

  /** Throws an Error for an invalid frame. Nothing can be read after that. */
  read(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#left === undefined) {
        this.#header[this.#headerBytes++] = chunk[at++] as number;
        this.#takeHeader();
        // A frame without payload is complete here.
        if (this.#left !== 0) continue;
      }
      const end = Math.min(at + this.#left, chunk.length);
      this.#left -= end - at;
      this.#take(chunk.subarray(at, end), this.#left === 0);
      at = end;
      if (this.#left === 0) this.#left = undefined;
    }
  }

  /** Reads the header when it is complete. */
  #takeHeader(): void {
    if (this.#headerBytes < 2) return;
    const header = this.#header;
    const [first = 0, second = 0] = header;
    const length = second & LENGTH;
    const size = length < LENGTH_16 ? 2 : length === LENGTH_16 ? 4 : MAX_HEADER_BYTES;
    if (this.#headerBytes < size) return;
    this.#headerBytes = 0;
    if (first & RESERVED) throw new Error('a websocket frame has reserved bits set');
    if (second & MASKED) throw new Error('a websocket frame of the server is masked');
    this.#isFinal = (first & FINAL) !== 0;
    this.#opcode = first & 0x0f;
    let left = length;
    if (length === LENGTH_16) left = header.readUInt16BE(2);
    if (length === LENGTH_64) left = Number(header.readBigUInt64BE(2));
    if (left > this.#maxBytes)
      throw new Error(`a websocket frame has ${left} bytes, more than any server sends`);
    this.#checkOpcode(left);
    this.#left = left;
  }

  #checkOpcode(length: number): void {
    const opcode = this.#opcode;
    const isData = opcode === OPCODE.text || opcode === OPCODE.binary;
    if (isData || opcode === OPCODE.continuation) {
      if (isData === this.#inMessage) throw new Error('websocket frames came in the wrong order');
      if (isData) this.#isFirst = true;
      this.#inMessage = !this.#isFinal;
    } else if (opcode < OPCODE.close || opcode > OPCODE.pong)
      throw new Error(`a websocket frame is of the unknown kind ${opcode}`);
    else if (!this.#isFinal || length > MAX_CONTROL_BYTES)
      throw new Error('a websocket control frame is fragmented or too long');
  }

  #take(bytes: Buffer, isFrameEnd: boolean): void {
    if (this.#opcode < OPCODE.close) {
      const isFirst = this.#isFirst;
      this.#isFirst = false;
      this.#handler.onData(bytes, { isFirst, isLast: isFrameEnd && this.#isFinal });
      return;
    }
    this.#control.push(bytes);
    if (!isFrameEnd) return;
    const payload = Buffer.concat(this.#control);
    this.#control = [];
    this.#handler.onControl(this.#opcode, payload);
  }
}

/**
 * Gives the header of a client's frame, and masks the payload in place, as the protocol requires of clients (RFC 6455,
 * section 5.3).
 */
export function maskedFrame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload;
  const lengthBytes = length < LENGTH_16 ? 0 : length < 65_536 ? 2 : 8;
  const header = Buffer.alloc(2 + lengthBytes + MASK_BYTES);
  header[0] = FINAL | opcode;
  header[1] = MASKED | (lengthBytes === 0 ? length : lengthBytes === 2 ? LENGTH_16 : LENGTH_64);
  if (lengthBytes === 2) header.writeUInt16BE(length, 2);
  if (lengthBytes === 8) header.writeBigUInt64BE(BigInt(length), 2);
  const mask = randomBytes(MASK_BYTES);
  mask.copy(header, 2 + lengthBytes);
  for (let at = 0; at < length; at++)
    payload[at] = (payload[at] as number) ^ (mask[at % MASK_BYTES] as number);
  return header;
}
