import type { IncomingMessage } from 'node:http';
import { onTestFinished } from 'vitest';
import type { WebSocket } from 'ws';
import { LeasedProcess } from '../../../src/debugger/leasedProcess.ts';
import { type Output, WriteFailure } from '../../../src/output/output.ts';
import { Problem } from '../../../src/problem.ts';
import { fakeServer } from '../kube/fakeServer.ts';

/** The pod's end of one exec: stands for tcpdump and its lease. */
export class FakePod {
  /** What runs in it, once its words have arrived. */
  command: readonly string[];
  readonly words: string[] = [];
  /** Resolves when the command is known. */
  readonly started: Promise<void>;
  /** What happens on a word from the client; by default `stop` ends the program normally. */
  on: (word: string) => void = (word) => {
    if (word === 'stop') this.exits(0);
  };
  readonly #socket: WebSocket;

  constructor(socket: WebSocket, request: IncomingMessage) {
    this.command = new URL(request.url ?? '', 'http://fake').searchParams.getAll('command');
    this.#socket = socket;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.started = promise;
    let isBooted = this.command[3] !== 'boot';
    if (isBooted) resolve();
    else this.command = [];
    let rest = '';
    socket.on('message', (frame: Buffer) => {
      if (frame[0] !== 0) return;
      rest += frame.toString('latin1', 1);
      if (!isBooted) {
        const booted = bootedCommand(rest);
        if (!booted) return;
        isBooted = true;
        this.command = booted.words;
        rest = booted.rest;
        resolve();
      }
      const lines = rest.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        this.words.push(line);
        this.on(line);
      }
    });
  }

  writes(bytes: Buffer | string): void {
    this.#send(1, bytes);
  }

  says(...lines: string[]): void {
    this.#send(2, lines.map((line) => `${line}\n`).join(''));
  }

  listens(): void {
    this.says(
      'tcpdump: listening on eth0, link-type EN10MB (Ethernet), snapshot length 262144 bytes',
    );
  }

  exits(code: number): void {
    this.#send(
      3,
      JSON.stringify(
        code === 0
          ? { metadata: {}, status: 'Success' }
          : {
              status: 'Failure',
              reason: 'NonZeroExitCode',
              details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
            },
      ),
    );
    this.#socket.close(1000);
  }

  /** Ends standard output with a half-close; the command continues. */
  endsOutput(): void {
    this.#send(255, Buffer.from([1]));
  }

  /** The connection closes normally, without an exit status. */
  closes(): void {
    this.#socket.close(1000);
  }

  /** The connection breaks. */
  breaks(): void {
    this.#socket.terminate();
  }

  #send(channel: number, payload: Buffer | string): void {
    if (this.#socket.readyState === this.#socket.OPEN)
      this.#socket.send(Buffer.concat([Buffer.from([channel]), Buffer.from(payload)]));
  }
}

/** The positional parameters of what boot.sh would run, and the input after it. Undefined until it is complete. */
function bootedCommand(input: string): { words: string[]; rest: string } | undefined {
  const start = input.indexOf('\n') + 1;
  const [bytes, , separator = ''] = input.slice(0, start - 1).split(' ');
  const end = start + Number(bytes);
  const next = end + 'end\n'.length;
  if (start === 0 || input.length < next) return undefined;
  const text = Buffer.from(input.slice(start, end - 1), 'latin1').toString();
  return { words: text.split(separator).slice(1, -1), rest: input.slice(next) };
}

/** A leased process and the pod in which it runs. */
export async function leasedInPod() {
  const pod = Promise.withResolvers<FakePod>();
  const { access, connections } = await fakeServer({
    exec: (socket, request) => pod.resolve(new FakePod(socket, request)),
  });
  const place = { namespace: 'shop', pod: 'web', container: 'netdebug-network' };
  const process = await LeasedProcess.start(access, place, { command: ['tcpdump', '-n'] });
  onTestFinished(() => process.close());
  return { process, pod: await pod.promise, connections };
}

export function pcapHeader(): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(262_144, 16);
  header.writeUInt32LE(1, 20);
  return header;
}

export function packet(length: number): Buffer {
  const record = Buffer.alloc(16 + length, length % 256);
  record.writeUInt32LE(1, 0);
  record.writeUInt32LE(0, 4);
  record.writeUInt32LE(length, 8);
  record.writeUInt32LE(length, 12);
  return record;
}

/** An output in memory that can be slow or full, whose reader can close it, and whose close can fail. */
export class FakeOutput implements Output {
  written = Buffer.alloc(0);
  closed = 0;
  readonly takenBack: number[] = [];
  /** Bytes after which the disk is full. */
  room = Number.POSITIVE_INFINITY;
  /** What a write waits for. */
  ready: Promise<void> = Promise.resolve();
  failure: Error | undefined;
  closeFailure: Error | undefined;
  readerGone: () => void = () => {};

  async write(chunk: Buffer): Promise<void> {
    await this.ready;
    if (this.failure) throw this.failure;
    const taken = Math.min(chunk.length, this.room - this.written.length);
    this.written = Buffer.concat([this.written, chunk.subarray(0, taken)]);
    if (taken < chunk.length)
      throw new WriteFailure(new Problem('the disk is full', { kind: 'disk-full' }), taken);
  }

  async truncateEnd(bytes: number): Promise<void> {
    this.takenBack.push(bytes);
    this.written = this.written.subarray(0, this.written.length - bytes);
  }

  async close(): Promise<void> {
    this.closed += 1;
    if (this.closeFailure) throw this.closeFailure;
  }

  onReaderClosed(callback: () => void): void {
    this.readerGone = callback;
  }
}
