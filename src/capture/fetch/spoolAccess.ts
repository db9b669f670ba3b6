import { text } from 'node:stream/consumers';
import { ApiError } from '../../kube/apiError.ts';
import { ExecProblem } from '../../kube/execStatus.ts';
import { errorCode, messageOf, Problem } from '../../problem.ts';
import { Backoff } from '../../transfer/backoff.ts';
import { flattenBatches } from '../../transfer/batches.ts';
import { IdleTimeout, waitAtMost, withIdleTimeout } from '../../transfer/idleTimeout.ts';
import { LocalProblem } from '../../transfer/localProblem.ts';
import { FIRST_SIGNAL } from '../exitCode.ts';
import { type Listing, parseListing, type SpoolFile } from '../spool/listing.ts';
import { type Compression, decompress } from './compression.ts';
import { type CopyFrame, CopyFrames, copyArguments, type FileRange } from './copyFrames.ts';
import { filterArguments, filterFailure, isOnlyTruncated, type PodFilter } from './podFilter.ts';
import { EXIT, SpoolGone, type SpoolSource, type SpoolVerb } from './spoolSource.ts';
import { DamagedStream, FileGone, TruncatedStream } from './streamFailures.ts';

/** How long a fetch waits; milliseconds. */
export interface FetchLimits {
  /** For the next bytes of a stream. */
  readonly idle: number;
  /** For the exit status once a stream has ended. */
  readonly status: number;
  /** For the connection to recover: after this long without data, the fetch gives up. */
  readonly giveUpAfter: number;
  /** Before the first retry; each following pause is twice as long, up to 8 s. */
  readonly firstPause: number;
}

export const FETCH_LIMITS: FetchLimits = {
  idle: 30_000,
  status: 10_000,
  giveUpAfter: 60_000,
  firstPause: 250,
};

const MAX_ERROR_BYTES = 4 * 1024;
/** The rate of a tshark that has a hundredth of a core. */
const MIN_FILTER_BYTES_PER_MS = 100;
const MAX_LISTING_BYTES = 8 * 1024 * 1024;

/** A running verb: its output in batches, each with a limited wait, and how it ended. */
export interface RunningVerb {
  readonly batches: AsyncGenerator<Buffer[], void>;
  /** The exit code; undefined if it did not arrive in time. Throws SpoolGone if the spool is gone. */
  exitCode(): Promise<number | undefined>;
  /** Its standard error; to be called after the end. */
  errorText(): Promise<string>;
}

/** Runs the verbs of a spool, with a limit for every wait and retries after a cut connection. */
export class SpoolAccess {
  readonly limits: FetchLimits;
  readonly signal: AbortSignal;
  readonly #source: SpoolSource;
  #reached = false;

  constructor(source: SpoolSource, limits: FetchLimits, signal: AbortSignal) {
    this.#source = source;
    this.limits = limits;
    this.signal = signal;
  }

  /** A new retry state for a new task. */
  newBackoff(): Backoff {
    return new Backoff(this.limits.giveUpAfter, this.limits.firstPause);
  }

  /** Lists the files. With `flush`, first waits until the packets that have arrived are in them. */
  async list({ flush = false } = {}): Promise<Listing> {
    return this.withRetries(async () => {
      const listing = parseListing(await this.#read('list', flush ? ['flush'] : []));
      if (!listing) throw new TruncatedStream('the list of the recorded files was cut off');
      checkFiles(listing);
      return listing;
    });
  }

  /**
   * Retries `work` until it succeeds. Throws errors other than cut connections, SpoolGone if the spool is gone, and a
   * Problem if nothing arrived for too long. Does not retry if the first attempt cannot reach the pod. `work` reports
   * arriving data through `backoff`.
   */
  async withRetries<T>(work: (backoff: Backoff) => Promise<T>): Promise<T> {
    const backoff = this.newBackoff();
    for (;;) {
      try {
        const result = await work(backoff);
        this.#reached = true;
        return result;
      } catch (error) {
        await this.waitBeforeRetry(error, backoff);
      }
    }
  }

  /** Waits after a failure before a retry. Throws if retrying is useless. */
  async waitBeforeRetry(error: unknown, backoff: Backoff): Promise<void> {
    this.signal.throwIfAborted();
    if (error instanceof LocalProblem || error instanceof SpoolGone) throw error;
    const loss = await this.checkGone();
    if (loss) throw loss;
    if (!isTransient(error) || !this.#reached) throw error;
    if (!(await backoff.pause(this.signal))) throw this.#connectionLost(error);
  }

  /** Why the spool cannot come back; undefined if it can, or if that is unknown. */
  async checkGone(): Promise<SpoolGone | undefined> {
    const check = this.#source.checkGone(this.signal).catch(() => undefined);
    const loss = await waitAtMost(check, this.limits.idle);
    this.signal.throwIfAborted();
    return loss;
  }

  /** Runs a verb until `use` returns. `extra`: additional milliseconds that may pass between bytes. */
  async run<T>(
    verb: SpoolVerb,
    args: readonly string[],
    use: (running: RunningVerb) => Promise<T>,
    extra = 0,
  ): Promise<T> {
    const running = await this.#start(verb, args, extra);
    try {
      return await use(running);
    } finally {
      running.close();
    }
  }

  async #start(verb: SpoolVerb, args: readonly string[], extra: number) {
    this.signal.throwIfAborted();
    const command = await this.#source.start(verb, args, this.signal);
    this.#reached = true;
    const end = () => command.close();
    this.signal.addEventListener('abort', end);
    const exit = command.exit.catch(() => undefined);
    const errorText = text(limitBytes(command.stderr)).catch(() => '');
    return {
      batches: withIdleTimeout(command.stdout, this.limits.idle + extra),
      exitCode: async () => {
        const code = await waitAtMost(exit, this.limits.status);
        if (code === EXIT.noSpool) throw (await this.checkGone()) ?? spoolRemoved();
        return code;
      },
      errorText: async () => (await waitAtMost(errorText, this.limits.status))?.trim() ?? '',
      close: () => {
        this.signal.removeEventListener('abort', end);
        command.close();
      },
    };
  }

  /**
   * Requests ranges of files and yields the frames in that order. Each iterable must be read before the next one is
   * requested. Throws UnexpectedStream for data that was not requested, and TruncatedStream if the stream is incomplete or the
   * exit status is missing or not 0, because only the exit status tells that nothing else failed.
   */
  async *copy(
    ranges: readonly FileRange[],
    compression?: Compression | undefined,
  ): AsyncGenerator<Iterable<CopyFrame>, void> {
    const args = [
      ...copyArguments(ranges),
      ...(compression === undefined ? [] : [`pack=${compression}`]),
    ];
    const { batches, exitCode, errorText, close } = await this.#start('copy', args, 0);
    try {
      const frames = new CopyFrames(ranges);
      const plain = compression === undefined ? batches : decompress(batches, compression);
      for await (const chunks of plain) yield frames.read(chunks);
      const code = await exitCode();
      if (frames.isOver && code === 0) return;
      const message = code ? await errorText() : '';
      throw new TruncatedStream(
        `the transfer of the files was cut off${message && `: ${message}`}`,
      );
    } finally {
      close();
    }
  }

  /**
   * Filters a file in the pod and yields the matching packets as a pcap file. Returns whether the file ends with a
   * whole packet. Throws TruncatedStream, FileGone, and a usage error with the program's own message if it rejects the
   * filter.
   */
  async *filter(
    { seq, size }: Pick<SpoolFile, 'seq' | 'size'>,
    filter: PodFilter,
  ): AsyncGenerator<Buffer, boolean> {
    const filterTime = size / MIN_FILTER_BYTES_PER_MS;
    const args = [`seq=${seq}`, ...filterArguments(filter)];
    const { batches, exitCode, errorText, close } = await this.#start('filter', args, filterTime);
    try {
      yield* flattenBatches(decompress(batches, 'gzip'));
      const code = await exitCode();
      if (code === 0) return true;
      if (code === EXIT.fileGone) throw new FileGone(`file ${seq} no longer exists`);
      const message = await errorText();
      if (code !== EXIT.filterFailed)
        throw new TruncatedStream(
          `the transfer of the filtered file was cut off${message && `: ${message}`}`,
        );
      if (isOnlyTruncated(message)) return false;
      throw filterFailure(filter, message);
    } finally {
      close();
    }
  }

  /** The output of a short verb. Throws a Problem with its message if it fails. */
  async #read(verb: SpoolVerb, words: readonly string[]): Promise<string> {
    return this.run(verb, words, async ({ batches, exitCode, errorText }) => {
      const chunks: Buffer[] = [];
      let size = 0;
      for await (const chunk of flattenBatches(batches)) {
        size += chunk.length;
        if (size > MAX_LISTING_BYTES)
          throw new Problem('the pod lists too many files', { kind: 'damaged' });
        chunks.push(chunk);
      }
      const code = await exitCode();
      if (code === undefined) throw new TruncatedStream(`the response to "${verb}" was cut off`);
      if (code === EXIT.unsteady) throw new TruncatedStream(await errorText());
      // A container that ends kills the programs in it before its status shows the end.
      if (code > FIRST_SIGNAL)
        throw new TruncatedStream(`"${verb}" was ended by a signal in the pod (exit code ${code})`);
      if (code !== 0)
        throw new Problem(
          `the spool in the pod did not respond to "${verb}": ${(await errorText()) || `exit code ${code}`}`,
          { kind: 'command-failed' },
        );
      return Buffer.concat(chunks).toString();
    });
  }

  #connectionLost(error: unknown): Problem {
    return new Problem(
      `the connection was lost and did not come back within ${this.limits.giveUpAfter / 1000} s: ${messageOf(error)}`,
      {
        kind: 'unreachable',
        next: ['run the same command again when the connection works: it resumes where it stopped'],
        cause: error,
      },
    );
  }
}

/** Data from a pod is not trusted; numbers and sizes are used from here on. */
function checkFiles({ files }: Listing): void {
  let previous = 0;
  for (const { seq, size, name } of files) {
    const isValid = [seq, size].every(Number.isSafeInteger) && seq > previous && size >= 0 && name;
    if (!isValid)
      throw new Problem(`the pod lists an invalid file: ${seq} ${size} ${JSON.stringify(name)}`, {
        kind: 'damaged',
      });
    previous = seq;
  }
}

function spoolRemoved(): SpoolGone {
  return new SpoolGone(
    'the capture is no longer in the pod: it was removed, or its time to live expired',
  );
}

/** Whether the connection failed, rather than the request. */
function isTransient(error: unknown): boolean {
  if (error instanceof TruncatedStream || error instanceof DamagedStream) return true;
  if (error instanceof IdleTimeout) return true;
  if (error instanceof ExecProblem) return error.failure !== 'program-missing';
  if (error instanceof ApiError) return error.code >= 500 || error.code === 429;
  return errorCode(error instanceof Problem ? error.cause : error) !== undefined;
}

async function* limitBytes(stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let remaining = MAX_ERROR_BYTES;
  for await (const chunk of stream) {
    if (remaining > 0) yield chunk.subarray(0, remaining);
    remaining -= chunk.length;
  }
}
