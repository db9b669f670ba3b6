import { FLAG, type Packet } from '../../packets/packet.ts';
import { maximumSegmentSize, windowScale } from '../../packets/tcpOptions.ts';
import type { NoteTaker } from '../notes.ts';
import { advanceEnd } from './endStates.ts';
import { analyseSegment, isAfter } from './segmentAnalysis.ts';
import { ANY_RETRANSMISSION, SEGMENT } from './segmentBits.ts';
import { END, SCALE_UNKNOWN, SCALE_UNUSED, TcpSide } from './tcpSide.ts';

/** The segment that reset a connection. */
export interface Reset {
  readonly packet: number;
  readonly time: number;
  readonly byClient: boolean;
  /** How long both ends were silent before. Nanoseconds. */
  readonly silence: number;
  readonly ttl: number;
  /** The TTL of other packets from the claimed sender; -1 if there were none. */
  readonly usualTtl: number;
  readonly bytesBefore: number;
  /** The text in the segment. Some senders state the reason. */
  readonly text: string;
}

/** A silence that ended less than this before a reset is related to it: the next data found the connection gone. */
const USUAL_TTL_SILENCE_NS = 120e9;
/** Shorter pauses are not remembered. */
const SILENCE_NS = 10e9;
/** The maximum length of the text of a reset. */
const MAX_RESET_TEXT = 200;

/** A TCP conversation: its two sides and the analysis of their segments. */
export class TcpConnection {
  readonly client = new TcpSide();
  readonly server = new TcpSide();
  /** From the last SYN to the first ACK after it; 0 while unknown. Nanoseconds. */
  roundTripTime = 0;
  /** From the last SYN to its SYN-ACK; -1 while unknown. Nanoseconds. */
  synAckDelay = -1;
  reset: Reset | undefined;
  /**
   * The time between the end of an earlier connection with the same ports and the SYN of this one; -1 if there was
   * none. Nanoseconds.
   */
  reusedAfter = -1;
  #synTime = -1;
  #lastTime = -1;
  /** The length of the last long silence, and its end. */
  #silence = 0;
  #silenceEnd = 0;

  /** Resets all fields, for reuse: see TcpSide. */
  clear(): void {
    this.client.clear();
    this.server.clear();
    this.roundTripTime = 0;
    this.synAckDelay = -1;
    this.reset = undefined;
    this.reusedAfter = -1;
    this.#synTime = -1;
    this.#lastTime = -1;
    this.#silence = 0;
    this.#silenceEnd = 0;
  }

  /** Whether a SYN cannot belong to this connection, because the ports are reused for a new one. */
  isReusedBy(packet: Packet, fromClient: boolean): boolean {
    if ((packet.flags & (FLAG.syn | FLAG.ack)) !== FLAG.syn) return false;
    const from = fromClient ? this.client : this.server;
    return from.hasBase && from.baseSequence !== packet.sequence;
  }

  /** Adds the next segment of the conversation. Returns bits of SEGMENT. */
  add(packet: Packet, now: number, number: number, fromClient: boolean, notes: NoteTaker): number {
    const from = fromClient ? this.client : this.server;
    const to = fromClient ? this.server : this.client;
    const { flags, payloadLength: length } = packet;
    if (this.#lastTime >= 0 && now - this.#lastTime > SILENCE_NS) {
      this.#silence = now - this.#lastTime;
      this.#silenceEnd = now;
    }
    if (flags & FLAG.syn) this.#addSyn(packet, now, number, from, to);
    if (flags & FLAG.rst) this.#addReset(packet, now, number, fromClient, from, notes);
    else {
      from.ttl = packet.ttl;
      from.ipId = packet.ipId;
      from.lastTime = now;
    }
    if (flags & FLAG.fin) from.fins += 1;
    if (packet.offloaded) from.offloaded += 1;
    const analysis = analyseSegment(packet, now, this, from, to);
    advanceEnd(from, to, fromClient, flags, length);
    if (length > 0) this.#addData(packet, now, analysis, from, to);
    if (flags & FLAG.ack) acknowledge(packet, now, to);
    if (
      this.#synTime >= 0 &&
      this.roundTripTime === 0 &&
      (flags & (FLAG.syn | FLAG.ack)) === FLAG.ack
    )
      this.roundTripTime = now - this.#synTime;
    if (analysis !== 0) this.#count(analysis, number, now, from, notes);
    if (from.closedSince >= 0 && from.window > 0) {
      from.closedTime += now - from.closedSince;
      from.closedSince = -1;
    }
    this.#lastTime = now;
    return analysis;
  }

  #addSyn(packet: Packet, now: number, number: number, from: TcpSide, to: TcpSide): void {
    const isAnswer = (packet.flags & FLAG.ack) !== 0;
    const scale = windowScale(packet);
    if (scale >= 0) from.windowScale = scale;
    if (from.windowScale === SCALE_UNKNOWN) {
      from.windowScale = SCALE_UNUSED;
      to.windowScale = SCALE_UNUSED;
    } else if (isAnswer && to.windowScale === SCALE_UNUSED) from.windowScale = SCALE_UNUSED;
    from.maximumSegmentSize = maximumSegmentSize(packet) || from.maximumSegmentSize;
    from.syns += 1;
    if (from.synPacket === 0) {
      from.synPacket = number;
      from.synTime = now;
    }
    from.lastSynTime = now;
    if (!isAnswer) this.#synTime = now;
    else if (this.synAckDelay < 0 && this.#synTime >= 0) this.synAckDelay = now - this.#synTime;
  }

  #addReset(
    packet: Packet,
    now: number,
    number: number,
    byClient: boolean,
    from: TcpSide,
    notes: NoteTaker,
  ): void {
    from.resets += 1;
    notes.note('reset', number, now);
    if (this.reset) return;
    const { bytes, payloadAt, payloadEnd } = packet;
    const textEnd = Math.min(payloadEnd, payloadAt + MAX_RESET_TEXT);
    this.reset = {
      packet: number,
      time: now,
      byClient,
      silence: now - this.#silenceEnd < USUAL_TTL_SILENCE_NS ? this.#silence : 0,
      ttl: packet.ttl,
      usualTtl: from.ttl,
      bytesBefore: this.client.payloadBytes + this.server.payloadBytes,
      text: textEnd > payloadAt ? Buffer.from(bytes.subarray(payloadAt, textEnd)).toString() : '',
    };
  }

  #addData(packet: Packet, now: number, analysis: number, from: TcpSide, to: TcpSide): void {
    const { sequence, payloadLength: length } = packet;
    const end = (sequence + length) | 0;
    from.dataSegments += 1;
    if (!(packet.flags & FLAG.rst)) from.payloadBytes += length;
    if (analysis & ANY_RETRANSMISSION) {
      if (from.repeatedSequence === sequence) from.repeats += 1;
      else {
        from.repeatedSequence = sequence;
        from.repeatedTime = now;
        from.repeats = 1;
      }
      from.repeatedLength = length;
      return;
    }
    if (from.unackedTime === 0 || !isAfter(sequence, to.lastAck)) from.unackedTime = now;
    if (length > from.largestSegment) {
      from.largestSegment = length;
      from.largestSegmentEnd = end;
    }
  }

  #count(analysis: number, number: number, now: number, from: TcpSide, notes: NoteTaker): void {
    if (analysis & ANY_RETRANSMISSION) {
      if (analysis & SEGMENT.fastRetransmission) from.fastRetransmissions += 1;
      else if (analysis & SEGMENT.spuriousRetransmission) from.spuriousRetransmissions += 1;
      else from.retransmissions += 1;
      notes.note('retransmission', number, now);
    }
    if (analysis & SEGMENT.outOfOrder) {
      from.outOfOrder += 1;
      notes.note('out-of-order', number, now);
    }
    if (analysis & SEGMENT.duplicateAck) from.duplicateAckPackets += 1;
    if (analysis & SEGMENT.lost) {
      from.lostSegments += 1;
      notes.note('lost', number, now);
    }
    if (analysis & SEGMENT.zeroWindow) {
      from.zeroWindows += 1;
      if (from.closedSince < 0) from.closedSince = now;
      notes.note('zero-window', number, now);
    }
    if (analysis & SEGMENT.windowFull) {
      from.windowFulls += 1;
      notes.note('window-full', number, now);
    }
    if (analysis & SEGMENT.keepAlive) from.keepAlives += 1;
  }

  /** Both ends have closed the connection, or one has reset it. */
  get isOver(): boolean {
    const { client, server } = this;
    if (client.state === END.reset || server.state === END.reset) return true;
    return client.state === END.closed && server.state === END.closed;
  }

  get isEstablished(): boolean {
    return this.client.syns > 0 && this.server.syns > 0;
  }

  get lastTime(): number {
    return this.#lastTime;
  }
}

/** Updates `to` with the acknowledgment of its data. */
function acknowledge(packet: Packet, now: number, to: TcpSide): void {
  const ack = packet.acknowledgment;
  if (to.largestSegment > to.largestAcked && !isAfter(to.largestSegmentEnd, ack))
    to.largestAcked = to.largestSegment;
  if (to.repeats > 0 && isAfter(ack, to.repeatedSequence)) to.repeats = 0;
  if (!isAfter(to.nextSequence, ack)) to.unackedTime = 0;
  else if (isAfter(ack, to.contiguousSequence)) to.unackedTime = now;
}
