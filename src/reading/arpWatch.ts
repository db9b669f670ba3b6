import type { Arp } from '../packets/arp.ts';
import { Note } from './notes.ts';

/** The requests of one host for one address. */
export interface ArpRequests {
  readonly sender: string;
  readonly target: string;
  readonly interfaceIndex: number;
  readonly note: Note;
  isAnswered: boolean;
}

const MAX_REQUESTS = 5_000;
const REQUEST = 1;
const UNSPECIFIED_ADDRESS = '0.0.0.0';

/** Finds unanswered ARP requests. Memory is bounded. */
export class ArpWatch {
  readonly #requests = new Map<string, ArpRequests>();
  /** Hosts that received a reply, by interface: the capture contains replies to them. */
  readonly #served = new Set<string>();
  /** Hosts that sent any ARP packet, by interface. */
  readonly #senders = new Map<number, Set<string>>();

  get all(): Iterable<ArpRequests> {
    return this.#requests.values();
  }

  /** Whether the capture contains replies to a host. */
  hasRepliesTo(host: string, interfaceIndex: number): boolean {
    return this.#served.has(`${interfaceIndex} ${host}`);
  }

  /** Whether exactly one host sent ARP packets on an interface. */
  hasOneSender(interfaceIndex: number): boolean {
    return this.#senders.get(interfaceIndex)?.size === 1;
  }

  add(
    { operation, sender, target }: Arp,
    interfaceIndex: number,
    packet: number,
    now: number,
  ): void {
    // Any ARP packet shows that its sender exists.
    this.#markAnswered(sender, interfaceIndex);
    this.#recordHosts(operation, sender, target, interfaceIndex);
    if (operation !== REQUEST || sender === target || sender === UNSPECIFIED_ADDRESS) return;
    const key = `${interfaceIndex} ${target}`;
    let pending = this.#requests.get(key);
    if (!pending) {
      if (this.#requests.size >= MAX_REQUESTS) return;
      pending = { sender, target, interfaceIndex, note: new Note(), isAnswered: false };
      this.#requests.set(key, pending);
    }
    pending.note.add(packet, now);
  }

  #recordHosts(operation: number, sender: string, target: string, interfaceIndex: number): void {
    const senders = this.#senders.get(interfaceIndex) ?? new Set();
    this.#senders.set(interfaceIndex, senders);
    // Two are enough to tell whether there is more than one.
    if (senders.size < 2) senders.add(sender);
    if (operation !== REQUEST && this.#served.size < MAX_REQUESTS)
      this.#served.add(`${interfaceIndex} ${target}`);
  }

  #markAnswered(address: string, interfaceIndex: number): void {
    const pending = this.#requests.get(`${interfaceIndex} ${address}`);
    if (pending) pending.isAnswered = true;
  }
}
