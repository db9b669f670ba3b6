/** Packet numbers kept for each kind of event. */
const MAX_PACKETS = 10;

/** Events of one kind in a conversation: their number, their times, and the numbers of the first packets. */
export class Note {
  count = 0;
  readonly packets: number[] = [];
  /** Nanoseconds since the capture's first packet. */
  firstTime = 0;
  lastTime = 0;

  add(packet: number, time: number): void {
    if (this.count === 0) this.firstTime = time;
    this.lastTime = time;
    this.count += 1;
    if (this.packets.length < MAX_PACKETS) this.packets.push(packet);
  }

  /** Adds the events of another note. */
  merge(other: Note): void {
    if (this.count === 0 || other.firstTime < this.firstTime) this.firstTime = other.firstTime;
    if (this.count === 0 || other.lastTime > this.lastTime) this.lastTime = other.lastTime;
    this.count += other.count;
    for (const packet of other.packets) {
      if (this.packets.length >= MAX_PACKETS) break;
      this.packets.push(packet);
    }
  }
}

/** Events of a conversation that are noted with their packets. */
export type NoteKind =
  | 'retransmission'
  | 'out-of-order'
  | 'lost'
  | 'zero-window'
  | 'window-full'
  | 'reset';

/** Receives the events of a conversation. */
export interface NoteTaker {
  /** `packet` is the number of the packet. `time` is in nanoseconds since the first packet of the capture. */
  note(kind: NoteKind, packet: number, time: number): void;
}
