import {
  isListening,
  type Socket,
  type SocketEndpoint,
  type SocketList,
  type SocketProcess,
  type SocketProtocol,
  type SocketTimer,
} from '../tools/socket.ts';
import { Interned } from './interned.ts';
import { compareHosts, compareKinds, type Host, type SocketKind } from './listingOrder.ts';
import { NumericRecords } from './numericRecords.ts';

/** The fields of a record: numbers, or the numbers of interned values. NaN means undefined. */
const KIND = 0;
const RECEIVE_QUEUE = 1;
const SEND_QUEUE = 2;
const LOCAL_HOST = 3;
const LOCAL_NUMBER = 4;
const PEER_HOST = 5;
const PEER_NUMBER = 6;
const UID = 7;
const INODE = 8;
const TIMER = 9;
const HOLDERS = 10;
const FIELDS = 11;

/**
 * Stores many sockets in little memory: 88 bytes each, outside the garbage-collected heap. A hundred thousand sockets
 * with their processes, as objects, took 200 MB. `Socket` objects are created while iterating and can be collected
 * after each step.
 */
export class SocketStore implements SocketList {
  readonly #records = new NumericRecords(FIELDS);
  readonly #kinds = new Interned<SocketKind>();
  readonly #hosts = new Interned<Host>();
  readonly #timers = new Interned<SocketTimer>();
  readonly #programs = new Interned<{ readonly pid: number; readonly name: string }>();
  /** For each socket with known processes: their number, then the program and descriptor of each. */
  readonly #holders: number[] = [];
  #lastKind: SocketKind | undefined;
  #lastKindId = Number.NaN;

  get length(): number {
    return this.#records.length;
  }

  add(socket: Socket): void {
    this.#records.add([
      this.#kindOf(socket),
      socket.receiveQueue ?? Number.NaN,
      socket.sendQueue ?? Number.NaN,
      this.#hostOf(socket.local),
      numberOf(socket.local),
      this.#hostOf(socket.peer),
      numberOf(socket.peer),
      socket.uid ?? Number.NaN,
      socket.inode ?? Number.NaN,
      this.#timerOf(socket.timer),
      this.#addHolders(socket.processes),
    ]);
  }

  /** The socket at this index, in the order of adding. */
  at(index: number): Socket | undefined {
    return index >= 0 && index < this.length ? this.#socketAt(index) : undefined;
  }

  *[Symbol.iterator](): Generator<Socket> {
    for (let index = 0; index < this.length; index += 1) {
      yield this.#socketAt(index);
    }
  }

  /**
   * The sockets in listing order: by pod, listeners first, then by protocol, local port (the inode for unix sockets)
   * and peer. A view of what has been added so far.
   */
  inListingOrder(): SocketList {
    const kindRank = this.#kinds.ranks(compareKinds);
    const hostRank = this.#hosts.ranks(compareHosts);
    const keys = [
      this.#column(KIND, (kind) => kindRank[kind]),
      this.#column(LOCAL_NUMBER),
      this.#column(LOCAL_HOST, (host) => hostRank[host]),
      this.#column(PEER_HOST, (host) => hostRank[host]),
      this.#column(PEER_NUMBER),
    ];
    const order = Uint32Array.from({ length: this.length }, (_, index) => index);
    order.sort((a, b) => {
      for (const key of keys) {
        const difference = (key[a] ?? 0) - (key[b] ?? 0);
        if (difference !== 0) {
          return difference;
        }
      }
      return a - b;
    });
    const socketAt = (index: number) => this.#socketAt(index);
    return {
      length: order.length,
      at(position) {
        const index = order[position];
        return index === undefined ? undefined : socketAt(index);
      },
      *[Symbol.iterator]() {
        for (const index of order) {
          yield socketAt(index);
        }
      },
    };
  }

  #column(field: number, map = (value: number): number | undefined => value): Float64Array {
    const column = new Float64Array(this.length);
    for (let index = 0; index < column.length; index += 1) {
      column[index] = map(this.#records.get(index, field)) ?? 0;
    }
    return column;
  }

  #socketAt(index: number): Socket {
    const records = this.#records;
    const { pod, protocol, type, state, dualStack } = this.#kinds.valueOf(records.get(index, KIND));
    return {
      pod,
      protocol,
      type,
      state,
      receiveQueue: known(records.get(index, RECEIVE_QUEUE)),
      sendQueue: known(records.get(index, SEND_QUEUE)),
      local: this.#endpointAt(index, protocol, LOCAL_HOST, LOCAL_NUMBER),
      peer: this.#endpointAt(index, protocol, PEER_HOST, PEER_NUMBER),
      dualStack,
      uid: known(records.get(index, UID)),
      inode: known(records.get(index, INODE)),
      timer: this.#timerAt(index),
      processes: this.#processesAt(index),
    };
  }

  #endpointAt(
    index: number,
    protocol: SocketProtocol,
    host: number,
    number: number,
  ): SocketEndpoint {
    const { address, zone } = this.#hosts.valueOf(this.#records.get(index, host));
    return protocol === 'unix'
      ? { path: address, inode: this.#records.get(index, number) }
      : { address, port: this.#records.get(index, number), interface: zone };
  }

  #timerAt(index: number): SocketTimer | undefined {
    const timer = known(this.#records.get(index, TIMER));
    return timer === undefined ? undefined : this.#timers.valueOf(timer);
  }

  #processesAt(index: number): SocketProcess[] | undefined {
    const start = known(this.#records.get(index, HOLDERS));
    if (start === undefined) {
      return undefined;
    }
    const end = start + 1 + 2 * this.#holder(start);
    const processes: SocketProcess[] = [];
    for (let at = start + 1; at < end; at += 2) {
      const { pid, name } = this.#programs.valueOf(this.#holder(at));
      processes.push({ pid, name, fd: this.#holder(at + 1) });
    }
    return processes;
  }

  #holder(at: number): number {
    return this.#holders[at] ?? Number.NaN;
  }

  #kindOf(socket: Socket): number {
    const { pod, protocol, type, state, dualStack } = socket;
    const listening = isListening(socket);
    const last = this.#lastKind;
    // Most sockets are of the same kind as the previous one, and creating a key for each is slow.
    if (
      last?.state !== state ||
      last.protocol !== protocol ||
      last.pod !== pod ||
      last.type !== type ||
      last.listening !== listening ||
      last.dualStack !== dualStack
    ) {
      const key = `${protocol} ${type} ${state} ${listening} ${dualStack} ${pod}`;
      const kind = { pod, protocol, type, state, listening, dualStack };
      this.#lastKindId = this.#kinds.idOf(key, () => kind);
      this.#lastKind = this.#kinds.valueOf(this.#lastKindId);
    }
    return this.#lastKindId;
  }

  #hostOf(endpoint: SocketEndpoint): number {
    const address = 'path' in endpoint ? endpoint.path : endpoint.address;
    const zone = 'path' in endpoint ? undefined : endpoint.interface;
    return zone === undefined
      ? this.#hosts.idOf(address, (own) => ({ address: own, zone }))
      : this.#hosts.idOf(`${address}%${zone}`, () => ({ address, zone }));
  }

  #timerOf(timer: SocketTimer | undefined): number {
    if (timer === undefined) {
      return Number.NaN;
    }
    const { name, expiresInSeconds, retransmits } = timer;
    return this.#timers.idOf(`${name} ${expiresInSeconds} ${retransmits}`, () => timer);
  }

  #addHolders(processes: readonly SocketProcess[] | undefined): number {
    if (processes === undefined) {
      return Number.NaN;
    }
    const start = this.#holders.length;
    this.#holders.push(processes.length);
    for (const { pid, name, fd } of processes) {
      this.#holders.push(
        this.#programs.idOf(`${pid} ${name}`, () => ({ pid, name })),
        fd,
      );
    }
    return start;
  }
}

function numberOf(endpoint: SocketEndpoint): number {
  return 'path' in endpoint ? endpoint.inode : endpoint.port;
}

function known(value: number): number | undefined {
  return Number.isNaN(value) ? undefined : value;
}
