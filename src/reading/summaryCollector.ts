import type { Packet } from '../packets/packet.ts';
import type { CaptureInterface } from './captureInterface.ts';
import type { Conversation } from './conversation.ts';
import type { PointView } from './points/pointView.ts';

/** A packet of a conversation, and what was found about it. Made once, and filled again for each packet. */
export interface SeenPacket {
  conversation: Conversation;
  fromClient: boolean;
  /** Its number in the capture. */
  number: number;
  /** Nanoseconds since the first packet of all captures. */
  time: number;
  /** Bits of SEGMENT, for TCP. */
  found: number;
  /** The capture has it more than once. */
  isCopy: boolean;
}

/**
 * Takes part in a summary and keeps more of it than the summary does. Its owner keeps it within bounds:
 * there may be millions of packets and conversations.
 */
export interface SummaryCollector {
  /** A packet of any kind, `length` bytes on the wire. */
  frame(on: CaptureInterface, time: number, length: number): void;
  /** A packet of a conversation whose transport header was captured. `packet` is valid during the call. */
  packet(packet: Packet, seen: SeenPacket): void;
  /** The recorder lost packets on this interface: before the next packet, or somewhere in the file that ends now. */
  dropped(on: CaptureInterface, packets: number): void;
  /** The conversation is over. */
  closed(conversation: Conversation): void;
  /**
   * A packet of a conversation passed one point of capture and never came to the next. At the end, when
   * all conversations are closed. `view` is the conversation at the first point.
   */
  lost(
    view: PointView,
    from: CaptureInterface,
    to: CaptureInterface,
    packet: number,
    time: number,
  ): void;
}
