import { text } from 'node:stream/consumers';
import { ApiError } from '../../kube/apiError.ts';
import { ExecProblem } from '../../kube/execStatus.ts';
import { errorCode, messageOf, Problem } from '../../problem.ts';
import { oneByOne } from '../../transfer/batches.ts';
import { LocalProblem } from '../../transfer/localProblem.ts';
import { Patience } from '../../transfer/patience.ts';
import { Silence, within, withSilenceLimit } from '../../transfer/silenceLimit.ts';
import { type Listing, parseListing, type SpoolFile } from '../spool/listing.ts';
import { type CopyFrame, CopyFrames, copyWords, type FilePart } from './copyFrames.ts';
import { type Packing, unpacked } from './packing.ts';
import { filterFailure, filterWords, isTorn, type PodFilter } from './podFilter.ts';
import { EXIT, SpoolGone, type SpoolSource, type SpoolVerb } from './spoolSource.ts';
import { CutStream, DamagedStream, FileGone } from './streamFailures.ts';

/** How long a fetch waits; milliseconds. */
export interface FetchLimits {
  /** For the next bytes of a stream. */
  readonly silence: number;
  /** For the exit status once a stream has ended. */
  readonly status: number;
  /** For the connection to recover: after this long without data, the fetch gives up. */
  readonly patience: number;
  /** Before the first retry; each following pause is twice as long, up to 8 s. */
  readonly pause: number;
}

export const FETCH_LIMITS: FetchLimits = {
  silence: 30_000,
  status: 10_000,
  patience: 60_000,
  pause: 250,
};

const MAX_COMPLAINT_BYTES = 4 * 1024;
/** The rate of a tshark that has a hundredth of a core. */
const SLOWEST_FILTER_BYTES_PER_MS = 100;
const MAX_LISTING_BYTES = 8 * 1024 * 1024;

/** A running verb: its output in batches, each with a limited wait, and how it ended. */
export interface RunningVerb {
  readonly batches: AsyncGenerator<Buffer[], void>;
  /** The exit code; undefined if it did not arrive in time. Throws SpoolGone if the spool is gone. */
  ended(): Promise<number | undefined>;
  /** Its standard error; to be called after the end. */
  complaint(): Promise<string>;
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
  patience(): Patience {
    return new Patience(this.limits.patience, this.limits.pause);
  }

  /** Makes the recorder write out the newest packets, as far as it can. */
  async flush(): Promise<void> {
    await this.#read('flush');
  }

  async list(): Promise<Listing> {
    return this.patiently(async () => {
      const listing = parseListing(await this.#read('list'));
      if (!listing) throw new CutStream('the list of the recorded files was cut off');
      checkFiles(listing);
      return listing;
    });
  }

  /**
   * Retries `work` until it succeeds. Throws errors other than cut connections, SpoolGone if the spool is gone, and a
   * Problem if nothing arrived for too long. Does not retry if the first attempt cannot reach the pod. `work` reports
   * arriving data through `patience`.
   */
  async patiently<T>(work: (patience: Patience) => Promise<T>): Promise<T> {
    const patience = this.patience();
    for (;;) {
      try {
        const result = await work(patience);
        this.#reached = true;
        return result;
      } catch (error) {
        await this.waitToGoOn(error, patience);
      }
    }
  }

  /** Waits after a failure before a retry. Throws if retrying is useless. */
  async waitToGoOn(error: unknown, patience: Patience): Promise<void> {
    this.signal.throwIfAborted();
    if (error instanceof LocalProblem || error instanceof SpoolGone) throw error;
    const gone = await this.whyGone();
    if (gone) throw gone;
    if (!isPassing(error) || !this.#reached) throw error;
    if (!(await patience.pause(this.signal))) throw this.#lost(error);
  }

  /** Why the spool cannot come back; undefined if it can, or if that is unknown. */
  async whyGone(): Promise<SpoolGone | undefined> {
    const asked = this.#source.whyGone(this.signal).catch(() => undefined);
    const gone = await within(asked, this.limits.silence);
    this.signal.throwIfAborted();
    return gone;
  }

  /** Runs a verb until `use` returns. `extra`: additional milliseconds that may pass between bytes. */
  async run<T>(
    verb: SpoolVerb,
    words: readonly string[],
    use: (running: RunningVerb) => Promise<T>,
    extra = 0,
  ): Promise<T> {
    const running = await this.#start(verb, words, extra);
    try {
      return await use(running);
    } finally {
      running.close();
    }
  }

  async #start(verb: SpoolVerb, words: readonly string[], extra: number) {
    this.signal.throwIfAborted();
    const command = await this.#source.start(verb, words, this.signal);
    this.#reached = true;
    const end = () => command.close();
    this.signal.addEventListener('abort', end);
    const exit = command.exit.catch(() => undefined);
    const complaint = text(limited(command.stderr)).catch(() => '');
    return {
      batches: withSilenceLimit(command.stdout, this.limits.silence + extra),
      ended: async () => {
        const code = await within(exit, this.limits.status);
        if (code === EXIT.noSpool) throw (await this.whyGone()) ?? noSpool();
        return code;
      },
      complaint: async () => (await within(complaint, this.limits.status))?.trim() ?? '',
      close: () => {
        this.signal.removeEventListener('abort', end);
        command.close();
      },
    };
  }

  /**
   * Requests parts of files and yields the frames in that order. Each iterable must be read before the next one is
   * requested. Throws RefusedStream for data that was not requested, and CutStream if the stream is incomplete or the
   * exit status is missing or not 0, because only the exit status tells that nothing else failed.
   */
  async *copy(
    parts: readonly FilePart[],
    packing?: Packing | undefined,
  ): AsyncGenerator<Iterable<CopyFrame>, void> {
    const words = [...copyWords(parts), ...(packing === undefined ? [] : [`pack=${packing}`])];
    const { batches, ended, complaint, close } = await this.#start('copy', words, 0);
    try {
      const frames = new CopyFrames(parts);
      const plain = packing === undefined ? batches : unpacked(batches, packing);
      for await (const chunks of plain) yield frames.read(chunks);
      const code = await ended();
      if (frames.isOver && code === 0) return;
      const said = code ? await complaint() : '';
      throw new CutStream(`the files were cut off${said && `: ${said}`}`);
    } finally {
      close();
    }
  }

  /**
   * Filters a file in the pod and yields the matching packets as a pcap file. Returns whether the file ends with a
   * whole packet. Throws CutStream, FileGone, and a usage error with the program's own message if it rejects the
   * filter.
   */
  async *filter(
    { seq, size }: Pick<SpoolFile, 'seq' | 'size'>,
    filter: PodFilter,
  ): AsyncGenerator<Buffer, boolean> {
    const slowest = size / SLOWEST_FILTER_BYTES_PER_MS;
    const words = [`seq=${seq}`, ...filterWords(filter)];
    const { batches, ended, complaint, close } = await this.#start('filter', words, slowest);
    try {
      yield* oneByOne(unpacked(batches, 'gzip'));
      const code = await ended();
      if (code === 0) return true;
      if (code === EXIT.fileGone) throw new FileGone(`file ${seq} no longer exists`);
      const said = await complaint();
      if (code !== EXIT.filterFailed)
        throw new CutStream(`the filtered file was cut off${said && `: ${said}`}`);
      if (isTorn(said)) return false;
      throw filterFailure(filter, said);
    } finally {
      close();
    }
  }

  /** The output of a short verb. Throws a Problem with its message if it fails. */
  async #read(verb: SpoolVerb): Promise<string> {
    return this.run(verb, [], async ({ batches, ended, complaint }) => {
      const chunks: Buffer[] = [];
      let size = 0;
      for await (const chunk of oneByOne(batches)) {
        size += chunk.length;
        if (size > MAX_LISTING_BYTES)
          throw new Problem('the pod lists too many files', { kind: 'damaged' });
        chunks.push(chunk);
      }
      const code = await ended();
      if (code === undefined) throw new CutStream(`the response to "${verb}" was cut off`);
      if (code === EXIT.unsteady) throw new CutStream(await complaint());
      if (code !== 0)
        throw new Problem(
          `the spool in the pod did not respond to "${verb}": ${(await complaint()) || `exit code ${code}`}`,
          { kind: 'command-failed' },
        );
      return Buffer.concat(chunks).toString();
    });
  }

  #lost(error: unknown): Problem {
    return new Problem(
      `the connection was lost and did not come back within ${this.limits.patience / 1000} s: ${messageOf(error)}`,
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
  let before = 0;
  for (const { seq, size, name } of files) {
    const sound = [seq, size].every(Number.isSafeInteger) && seq > before && size >= 0 && name;
    if (!sound)
      throw new Problem(`the pod lists an invalid file: ${seq} ${size} ${JSON.stringify(name)}`, {
        kind: 'damaged',
      });
    before = seq;
  }
}

function noSpool(): SpoolGone {
  return new SpoolGone(
    'the capture is no longer in the pod: it was removed, or its time to live expired',
  );
}

/** Whether the connection failed, rather than the request. */
function isPassing(error: unknown): boolean {
  if (error instanceof CutStream || error instanceof DamagedStream) return true;
  if (error instanceof Silence) return true;
  if (error instanceof ExecProblem) return error.failure !== 'program-missing';
  if (error instanceof ApiError) return error.code >= 500 || error.code === 429;
  return errorCode(error instanceof Problem ? error.cause : error) !== undefined;
}

async function* limited(stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let left = MAX_COMPLAINT_BYTES;
  for await (const chunk of stream) {
    if (left > 0) yield chunk.subarray(0, left);
    left -= chunk.length;
  }
}
