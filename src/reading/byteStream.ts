import { FLAG, type Packet } from '../packets/packet.ts';

/** The largest possible window (RFC 7323). */
const MAX_GAP_BYTES = 2 ** 30;
/** The maximum size of out-of-order data kept for each direction of a connection. */
const MAX_WAITING_BYTES = 64 * 1024;
/** The maximum for all connections together. */
const MAX_TOTAL_WAITING_BYTES = 16 * 1024 * 1024;

/** The time and packet number at which bytes arrived. */
export interface Arrival {
  readonly time: number;
  readonly packet: number;
}

/** Receives the bytes of one direction of a connection in order. */
export interface StreamConsumer {
  /** The bytes are only valid during the call. */
  data(bytes: Uint8Array, from: number, to: number, arrival: Arrival): void;
  /** Reports bytes that are missing from the capture. */
  gap(length: number, arrival: Arrival): void;
  /** True once no more data is needed. The stream is not followed any further then. */
  readonly isDone: boolean;
}

interface Segment {
  readonly sequence: number;
  readonly bytes: Buffer;
  /** The arrival of this segment, not of the missing one before it. */
  readonly arrival: Arrival;
}

/** The size of the data that all streams keep. */
export class WaitingBytes {
  count = 0;
}

/**
 * Puts the segments of one direction of a TCP connection in order. Segments that arrive in order, which are nearly all,
 * are passed on without a copy.
 */
export class ByteStream {
  readonly #consumer: StreamConsumer;
  readonly #all: WaitingBytes;
  #waiting: Segment[] = [];
  #waitingBytes = 0;
  #next: number;
  #isOver = false;

  /** `begin`: the sequence number of the first byte. */
  constructor(consumer: StreamConsumer, total: WaitingBytes, start: number) {
    this.#consumer = consumer;
    this.#all = total;
    this.#next = start;
  }

  /** True once the stream has ended or its consumer needs no more data. */
  get isFinished(): boolean {
    return this.#isOver;
  }

  push(packet: Packet, arrival: Arrival): void {
    if (this.#isOver) return;
    const { flags, sequence, payloadLength: length } = packet;
    if (length === 0 || flags & FLAG.rst) return;
    const from = flags & FLAG.syn ? (sequence + 1) | 0 : sequence;
    const skipped = (this.#next - from) | 0;
    if (skipped >= length) return;
    if (skipped < 0) this.#keep(packet, from, arrival);
    else
      this.#pass(
        packet.bytes,
        packet.payloadAt + skipped,
        packet.payloadEnd,
        length - skipped,
        arrival,
      );
    if (this.#waiting.length > 0) this.#passWaiting();
    if (this.#consumer.isDone) this.#finish();
  }

  /**
   * The receiver has everything before `ack`, so gaps before it are missing from the capture and will not be filled.
   */
  acknowledged(ack: number, arrival: Arrival): void {
    if (this.#isOver) return;
    while (this.#waiting.length > 0 && ((ack - this.#next) | 0) >= this.#nearestWaiting())
      this.#giveUpGap(arrival);
    if (this.#consumer.isDone) this.#finish();
  }

  /** No more segments follow. Passes on everything that waits behind gaps. */
  end(arrival: Arrival): void {
    if (this.#isOver) return;
    while (this.#waiting.length > 0 && !this.#consumer.isDone) this.#giveUpGap(arrival);
    this.#finish();
  }

  /** Passes on the next segment in order, which had `length` bytes on the wire. */
  #pass(bytes: Uint8Array, from: number, to: number, length: number, arrival: Arrival): void {
    this.#next = (this.#next + length) | 0;
    const captured = Math.max(0, to - from);
    if (captured > 0) this.#consumer.data(bytes, from, to, arrival);
    if (captured < length && !this.#consumer.isDone) this.#consumer.gap(length - captured, arrival);
  }

  #keep(packet: Packet, sequence: number, arrival: Arrival): void {
    const { bytes, payloadAt, payloadEnd } = packet;
    if (payloadEnd <= payloadAt) return;
    // No window is so large, and half the sequence space away it would be neither before nor after.
    const distance = (sequence - this.#next) | 0;
    if (distance < 0 || distance > MAX_GAP_BYTES) return;
    this.#waiting.push({
      sequence,
      bytes: Buffer.from(bytes.subarray(payloadAt, payloadEnd)),
      arrival: { time: arrival.time, packet: arrival.packet },
    });
    this.#addWaiting(payloadEnd - payloadAt);
    while (
      this.#waiting.length > 0 &&
      (this.#waitingBytes > MAX_WAITING_BYTES || this.#all.count > MAX_TOTAL_WAITING_BYTES)
    )
      this.#giveUpGap(arrival);
  }

  #passWaiting(): void {
    for (let index = 0; index < this.#waiting.length; ) {
      const { sequence, bytes, arrival } = this.#waiting[index] as Segment;
      const skipped = (this.#next - sequence) | 0;
      if (skipped < 0) {
        index += 1;
        continue;
      }
      this.#waiting.splice(index, 1);
      this.#addWaiting(-bytes.length);
      if (skipped < bytes.length) {
        this.#pass(bytes, skipped, bytes.length, bytes.length - skipped, arrival);
        index = 0;
      }
    }
  }

  /** Skips the first gap. */
  #giveUpGap(arrival: Arrival): void {
    const nearest = this.#nearestWaiting();
    if (nearest > 0) {
      this.#consumer.gap(nearest, arrival);
      this.#next = (this.#next + nearest) | 0;
    }
    this.#passWaiting();
  }

  /** The length of the first gap. */
  #nearestWaiting(): number {
    let nearest = Number.POSITIVE_INFINITY;
    for (const { sequence } of this.#waiting)
      nearest = Math.min(nearest, (sequence - this.#next) | 0);
    return nearest;
  }

  #finish(): void {
    this.#addWaiting(-this.#waitingBytes);
    this.#waiting = [];
    this.#isOver = true;
  }

  #addWaiting(bytes: number): void {
    this.#waitingBytes += bytes;
    this.#all.count += bytes;
  }
}
