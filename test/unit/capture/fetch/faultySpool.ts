import { PassThrough, type Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import type {
  SpoolCommand,
  SpoolGone,
  SpoolSource,
  SpoolVerb,
} from '../../../../src/capture/fetch/spoolSource.ts';
import { connectionProblem } from '../../../../src/kube/apiError.ts';
import { ExecProblem } from '../../../../src/kube/execStatus.ts';

export type Fault =
  /** The connection ends after this many bytes, without an exit status. */
  | { readonly cut: number }
  /** The same, but exit code 0 arrives, as in kubernetes#124571. */
  | { readonly cutWithSuccess: number }
  /** After this many bytes nothing arrives any more, and the connection stays open. */
  | { readonly blackhole: number }
  /** Every byte arrives, but no exit status: the connection ends, or stays open. */
  | { readonly noStatus: 'ends' | 'stays' }
  /** The server cannot be reached. */
  | 'refused'
  /** One bit of the byte at this offset is flipped. */
  | { readonly flip: number }
  /** Bytes per second. */
  | { readonly rate: number }
  /** The requested data no longer exists. */
  | { readonly exit: number };

/** A spool behind a link that fails as `fault` says, called for each verb that is started. */
export class FaultySpool implements SpoolSource {
  readonly #source: SpoolSource;
  readonly #fault: (verb: SpoolVerb, words: readonly string[]) => Fault | undefined;

  constructor(
    source: SpoolSource,
    fault: (verb: SpoolVerb, words: readonly string[]) => Fault | undefined,
  ) {
    this.#source = source;
    this.#fault = fault;
  }

  async start(verb: SpoolVerb, words: readonly string[], signal: AbortSignal) {
    const fault = this.#fault(verb, words);
    if (fault === 'refused')
      throw connectionProblem(
        new URL('https://api.test'),
        Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }),
      );
    const command = await this.#source.start(verb, words, signal);
    return fault ? faulty(command, fault) : command;
  }

  checkGone(signal: AbortSignal): Promise<SpoolGone | undefined> {
    return this.#source.checkGone(signal);
  }
}

function faulty(command: SpoolCommand, fault: Exclude<Fault, 'refused'>): SpoolCommand {
  const stdout = new PassThrough();
  const lost = Promise.reject(new ExecProblem('cut', 'the connection ended'));
  lost.catch(() => {});
  const never = new Promise<number>(() => {});
  pump(command.stdout, stdout, fault).catch(() => stdout.end());
  const close = () => {
    command.close();
    stdout.destroy();
  };
  const exit = () => {
    if ('cut' in fault) return lost;
    if ('cutWithSuccess' in fault) return Promise.resolve(0);
    if ('blackhole' in fault) return never;
    if ('exit' in fault) return Promise.resolve(fault.exit);
    if ('noStatus' in fault) return fault.noStatus === 'ends' ? lost : never;
    return command.exit;
  };
  return { stdout, stderr: command.stderr, exit: exit(), close };
}

async function pump(from: Readable, to: PassThrough, fault: Exclude<Fault, 'refused'>) {
  const limit =
    'cut' in fault
      ? fault.cut
      : 'cutWithSuccess' in fault
        ? fault.cutWithSuccess
        : 'blackhole' in fault
          ? fault.blackhole
          : 'exit' in fault
            ? 0
            : Number.POSITIVE_INFINITY;
  let passed = 0;
  for await (const chunk of from as AsyncIterable<Buffer>) {
    const part = Buffer.from(chunk.subarray(0, limit - passed));
    if ('flip' in fault && fault.flip >= passed && fault.flip < passed + part.length)
      part[fault.flip - passed] = (part[fault.flip - passed] ?? 0) ^ 1;
    passed += part.length;
    if ('rate' in fault) await wait((part.length * 1000) / fault.rate);
    if (part.length > 0 && !to.write(part)) await new Promise((go) => to.once('drain', go));
    if (passed >= limit) break;
  }
  if (!('blackhole' in fault)) to.end();
}
