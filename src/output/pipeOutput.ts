import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { errorCode, messageOf, Problem } from '../problem.ts';
import { type Output, OutputClosed, WriteFailure } from './output.ts';

/** A named pipe that another program created and reads. */
export class PipeOutput implements Output {
  readonly #pipe: FileHandle;

  private constructor(pipe: FileHandle) {
    this.#pipe = pipe;
  }

  /** Waits for the reader. Throws a Problem if there is no such pipe. */
  static async open(
    path: string,
    platform: NodeJS.Platform = process.platform,
  ): Promise<PipeOutput> {
    try {
      // Pipes of Windows cannot be created by opening them, and opening for writing only would ask for that.
      return new PipeOutput(await open(path, platform === 'win32' ? 'r+' : constants.O_WRONLY));
    } catch (error) {
      throw new Problem(`cannot open the pipe ${path}: ${messageOf(error)}`, {
        kind: 'not-written',
        cause: error,
      });
    }
  }

  async write(chunk: Buffer): Promise<void> {
    let written = 0;
    try {
      while (written < chunk.length)
        written += (await this.#pipe.write(chunk, written)).bytesWritten;
    } catch (error) {
      if (errorCode(error) === 'EPIPE') throw new OutputClosed('the pipe has no reader');
      const problem = new Problem(`cannot write to the pipe: ${messageOf(error)}`, {
        kind: 'not-written',
      });
      throw new WriteFailure(problem, written);
    }
  }

  async close(): Promise<void> {
    await this.#pipe.close();
  }
}
