import { constants } from 'node:fs';
import { type FileHandle, lstat, open } from 'node:fs/promises';
import { localProblem } from './localProblem.ts';

/** Captured packets are private: nobody else may read the file. */
const PRIVATE_MODE = 0o600;
/**
 * Bytes that are collected before a write: network packets are small, and each write costs a round trip to another
 * thread. A killed process loses them, so this stays far below 1 MB.
 */
const BUFFER_BYTES = 256 * 1024;
const READ_BYTES = 1024 * 1024;

/**
 * A local file that grows sequentially and may stop at any byte: its bytes are always a prefix of the whole file.
 * Errors are Problems; bytes written before an error are kept.
 */
export class PartFile {
  readonly path: string;
  /** Bytes accepted, including those that are not written yet. */
  size: number;
  readonly #file: FileHandle;
  #buffer: Buffer[] = [];
  #bufferedBytes = 0;
  #written: number;
  #writing: Promise<void> = Promise.resolve();

  private constructor(path: string, file: FileHandle, size: number) {
    this.path = path;
    this.#file = file;
    this.size = size;
    this.#written = size;
  }

  /** Creates an empty file. Throws a Problem if the file exists. */
  static async create(path: string): Promise<PartFile> {
    try {
      return new PartFile(path, await open(path, 'wx+', PRIVATE_MODE), 0);
    } catch (error) {
      throw localProblem(path, error);
    }
  }

  /** Opens a file that an earlier run left; undefined when it is not a regular file. */
  static async reopen(path: string): Promise<PartFile | undefined> {
    try {
      if (!(await lstat(path)).isFile()) return undefined;
      const file = await open(path, constants.O_RDWR | constants.O_NOFOLLOW);
      try {
        return new PartFile(path, file, (await file.stat()).size);
      } catch (error) {
        await file.close();
        throw error;
      }
    } catch (error) {
      throw localProblem(path, error);
    }
  }

  /** The contents of the file, from its start; must be read before the first `append`. */
  async *content(): AsyncGenerator<Buffer> {
    for (let at = 0; at < this.size; ) {
      const chunk = Buffer.allocUnsafe(Math.min(READ_BYTES, this.size - at));
      const { bytesRead } = await this.#file.read(chunk, 0, chunk.length, at);
      if (bytesRead === 0)
        throw localProblem(this.path, new Error('it became shorter while it was read'));
      at += bytesRead;
      yield chunk.subarray(0, bytesRead);
    }
  }

  /**
   * Accepts the next bytes, which must not be modified afterwards. If it returns a promise, wait for it before
   * appending more, so that the disk keeps up. Returns undefined for most chunks, because waiting for each would cost
   * more than processing it.
   */
  append(chunk: Buffer): Promise<void> | undefined {
    this.#buffer.push(chunk);
    this.#bufferedBytes += chunk.length;
    this.size += chunk.length;
    return this.#bufferedBytes < BUFFER_BYTES ? undefined : this.#keepUp();
  }

  /** Resolves when all accepted bytes are in the file. */
  async flush(): Promise<void> {
    await this.#writing;
    this.#write();
    await this.#writing;
  }

  /** Discards everything after `size`. */
  async truncate(size: number): Promise<void> {
    await this.flush();
    try {
      await this.#file.truncate(size);
    } catch (error) {
      throw localProblem(this.path, error);
    }
    this.size = size;
    this.#written = size;
  }

  /** Resolves when all accepted bytes would survive a power failure. */
  async sync(): Promise<void> {
    await this.flush();
    try {
      await this.#file.datasync();
      const { size } = await this.#file.stat();
      if (size !== this.size) throw new Error(`it has ${size} bytes instead of ${this.size}`);
    } catch (error) {
      throw localProblem(this.path, error);
    }
  }

  /** Writes what it can and closes the file. Never throws: missing bytes are fetched again. */
  async close(): Promise<void> {
    await this.flush().catch(() => {});
    await this.#file.close().catch(() => {});
  }

  /** The write continues while the next bytes arrive; only one write runs at a time. */
  async #keepUp(): Promise<void> {
    await this.#writing;
    this.#write();
  }

  #write(): void {
    const [chunks, bytes] = [this.#buffer, this.#bufferedBytes];
    if (bytes === 0) return;
    this.#buffer = [];
    this.#bufferedBytes = 0;
    this.#writing = this.#writeAll(chunks, bytes);
    // The next append or close reports the error.
    this.#writing.catch(() => {});
  }

  async #writeAll(chunks: Buffer[], bytes: number): Promise<void> {
    try {
      const { bytesWritten } = await this.#file.writev(chunks, this.#written);
      this.#written += bytesWritten;
      if (bytesWritten < bytes) await this.#writeRest(Buffer.concat(chunks).subarray(bytesWritten));
    } catch (error) {
      throw localProblem(this.path, error);
    }
  }

  /** A nearly full disk accepts part of the bytes, and fails at the next write. */
  async #writeRest(bytes: Buffer): Promise<void> {
    for (let rest = bytes; rest.length > 0; ) {
      const { bytesWritten } = await this.#file.write(rest, 0, rest.length, this.#written);
      this.#written += bytesWritten;
      rest = rest.subarray(bytesWritten);
    }
  }
}
