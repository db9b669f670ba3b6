import type { Arp } from '../packets/arp.ts';
import { Note } from './notes.ts';

/** Requests of one host for one address. */
export interface ArpRequests {
  readonly sender: string;
  readonly target: string;
  readonly interfaceIndex: number;
  readonly note: Note;
  isAnswered: boolean;
}

const MAX_REQUESTS = 5_000;
const REQUEST = 1;
const NOBODY = '0.0.0.0';

/** Finds ARP requests without an answer. Bounded. */
export class ArpWatch {
  readonly #requests = new Map<string, ArpRequests>();

  get all(): Iterable<ArpRequests> {
    return this.#requests.values();
  }

  add(
    { operation, sender, target }: Arp,
    interfaceIndex: number,
    packet: number,
    now: number,
  ): void {
    // Any ARP message shows that its sender is there.
    this.#heard(sender, interfaceIndex);
    if (operation !== REQUEST || sender === target || sender === NOBODY) return;
    const key = `${interfaceIndex} ${target}`;
    let known = this.#requests.get(key);
    if (!known) {
      if (this.#requests.size >= MAX_REQUESTS) return;
      known = { sender, target, interfaceIndex, note: new Note(), isAnswered: false };
      this.#requests.set(key, known);
    }
    known.note.add(packet, now);
  }

  #heard(address: string, interfaceIndex: number): void {
    const known = this.#requests.get(`${interfaceIndex} ${address}`);
    if (known) known.isAnswered = true;
  }
}
