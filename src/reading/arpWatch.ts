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
  /** Hosts that a reply was sent to, by interface: answers to them are in the capture. */
  readonly #served = new Set<string>();
  /** Hosts that sent anything, by interface. */
  readonly #senders = new Map<number, Set<string>>();

  get all(): Iterable<ArpRequests> {
    return this.#requests.values();
  }

  /** Whether answers to a host are in the capture. */
  seesAnswersTo(host: string, interfaceIndex: number): boolean {
    return this.#served.has(`${interfaceIndex} ${host}`);
  }

  /** Whether no more than one host sent ARP at an interface. */
  hasOneSender(interfaceIndex: number): boolean {
    return this.#senders.get(interfaceIndex)?.size === 1;
  }

  add(
    { operation, sender, target }: Arp,
    interfaceIndex: number,
    packet: number,
    now: number,
  ): void {
    // Any ARP message shows that its sender is there.
    this.#heard(sender, interfaceIndex);
    this.#noteHosts(operation, sender, target, interfaceIndex);
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

  #noteHosts(operation: number, sender: string, target: string, interfaceIndex: number): void {
    const senders = this.#senders.get(interfaceIndex) ?? new Set();
    this.#senders.set(interfaceIndex, senders);
    // Two are enough to tell that a host is not alone.
    if (senders.size < 2) senders.add(sender);
    if (operation !== REQUEST && this.#served.size < MAX_REQUESTS)
      this.#served.add(`${interfaceIndex} ${target}`);
  }

  #heard(address: string, interfaceIndex: number): void {
    const known = this.#requests.get(`${interfaceIndex} ${address}`);
    if (known) known.isAnswered = true;
  }
}
