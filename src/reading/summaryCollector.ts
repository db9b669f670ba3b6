import type { Packet } from '../packets/packet.ts';
import type { CaptureInterface } from './captureInterface.ts';
import type { Conversation } from './conversation.ts';
import type { PointView } from './points/pointView.ts';

/** A packet of a conversation and its analysis. Created once and reused for each packet. */
export interface CollectedPacket {
  conversation: Conversation;
  fromClient: boolean;
  /** Its number in the capture. */
  number: number;
  /** Nanoseconds since the first packet of all captures. */
  time: number;
  /** Bits of SEGMENT, for TCP. */
  analysis: number;
  /** Whether the packet was captured before. */
  isCopy: boolean;
}

/**
 * Takes part in a summary and collects more than the summary does. The implementation must bound its memory, because
 * there may be millions of packets and conversations.
 */
export interface SummaryCollector {
  /** Called for any packet; `length` is in bytes on the wire. */
  addFrame(on: CaptureInterface, time: number, length: number): void;
  /** Called for a packet of a conversation with a captured transport header. `packet` is only valid during the call. */
  addPacket(addPacket: Packet, collected: CollectedPacket): void;
  /** The recorder lost packets on this interface: before the next packet, or somewhere in the file that ends now. */
  addDropped(on: CaptureInterface, packets: number): void;
  /** Called when a conversation is closed. */
  addConversation(conversation: Conversation): void;
  /**
   * Called at the end, when all conversations are closed, for each packet that passed one point of capture and never
   * arrived at the next. `view` is the conversation at the first point.
   */
  addLost(
    view: PointView,
    from: CaptureInterface,
    to: CaptureInterface,
    packet: number,
    time: number,
  ): void;
}
