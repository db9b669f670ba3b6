import { constants } from 'node:fs';
import { access, type FileHandle, lstat, open, stat } from 'node:fs/promises';
import { dirname, join, parse, resolve } from 'node:path';
import { errorCode, messageOf, Problem } from '../problem.ts';
import { type Output, OutputClosed, WriteFailure } from './output.ts';

/** Captured packets are private, so only the owner may read the file. */
const PRIVATE_MODE = 0o600;

/**
 * Checks that a file can be written before anything is started for it: its folder exists and is writable, and no
 * existing file would be overwritten without `force`. Creates nothing.
 */
export async function checkWritable(path: string, force: boolean): Promise<void> {
  const existing = await lstat(path).catch(() => undefined);
  if (existing?.isDirectory())
    throw new Problem(`${path} is a folder`, {
      kind: 'exists',
      next: [`choose a file in it: -w ${path}/pod.pcap`],
    });
  const target = existing && (await stat(path).catch(() => undefined));
  if (existing && !force && (!target || target.isFile()))
    throw new Problem(`${path} already exists`, {
      kind: 'exists',
      next: ['choose another file, or overwrite it with --force'],
    });
  try {
    await access(existing ? path : dirname(resolve(path)), constants.W_OK);
  } catch (error) {
    throw unwritableProblem(path, error);
  }
}

function unwritableProblem(path: string, error: unknown): Problem {
  const reason =
    errorCode(error) === 'ENOENT'
      ? `no such folder: ${dirname(resolve(path))}`
      : messageOf(error).replace(/^\w+: /, '');
  return new Problem(`cannot write ${path}: ${reason}`, { kind: 'not-written', cause: error });
}

/**
 * A file that is created with its first bytes (mode 0600), so that a capture that never began does not leave an empty
 * file. `force` overwrites an existing file.
 */
export class FileOutput implements Output {
  readonly path: string;
  readonly #force: boolean;
  #file: FileHandle | undefined;
  /** The file being written: `path`, or a later file beside it. */
  #current: string;
  #files = 1;
  #isRegular = true;
  #offset = 0;

  constructor(path: string, force: boolean) {
    this.path = path;
    this.#current = path;
    this.#force = force;
  }

  async write(chunk: Buffer): Promise<void> {
    this.#file ??= await this.#open();
    let written = 0;
    try {
      while (written < chunk.length) {
        const { bytesWritten } = await this.#file.write(chunk, written);
        written += bytesWritten;
      }
    } catch (error) {
      if (errorCode(error) === 'EPIPE') throw new OutputClosed(`${this.#current} has no reader`);
      throw new WriteFailure(this.#problem(error), written);
    } finally {
      this.#offset += written;
    }
  }

  /** Removes the last bytes written, so that the file ends with a whole packet. Has no effect on a pipe. */
  async truncateEnd(bytes: number): Promise<void> {
    this.#offset -= bytes;
    if (this.#isRegular) await this.#file?.truncate(this.#offset);
  }

  /** Closes the file. The next bytes are written to `NAME-2.pcap` beside it, and so on. */
  async nextFile(): Promise<string> {
    await this.close();
    const { dir, name, ext } = parse(this.path);
    do {
      this.#files += 1;
      this.#current = join(dir, `${name}-${this.#files}${ext}`);
    } while (!this.#force && (await lstat(this.#current).catch(() => undefined)));
    this.#offset = 0;
    return this.#current;
  }

  async close(): Promise<void> {
    if (!this.#file) return;
    const file = this.#file;
    this.#file = undefined;
    try {
      await file.datasync();
    } catch (error) {
      // Pipes and devices have nothing to sync.
      if (errorCode(error) !== 'EINVAL' && errorCode(error) !== 'ENOTSUP')
        throw this.#problem(error);
    } finally {
      await file.close();
    }
  }

  async #open(): Promise<FileHandle> {
    try {
      const special = await stat(this.#current).then(
        (stats) => !stats.isFile(),
        () => false,
      );
      this.#isRegular = !special;
      if (special) return await open(this.#current, constants.O_WRONLY);
      const file = await open(this.#current, this.#force ? 'w' : 'wx', PRIVATE_MODE);
      if (this.#force) await file.chmod(PRIVATE_MODE);
      return file;
    } catch (error) {
      throw errorCode(error) === 'EEXIST'
        ? new Problem(`${this.#current} already exists: another process created it`, {
            kind: 'exists',
          })
        : unwritableProblem(this.#current, error);
    }
  }

  #problem(error: unknown): Problem {
    if (errorCode(error) === 'ENOSPC' || errorCode(error) === 'EDQUOT')
      return new Problem(`the disk is full: ${this.#current} cannot be written`, {
        kind: 'disk-full',
        next: ['free some space, or write to another disk; -s 128 records headers only'],
        cause: error,
      });
    return new Problem(`cannot write ${this.#current}: ${messageOf(error)}`, {
      kind: 'not-written',
      cause: error,
    });
  }
}
