import type { Problem } from '../problem.ts';

/** A destination for the bytes of a capture or a list. Only one write may be pending. */
export interface Output {
  /** Resolves once the bytes are written; rejects with WriteFailure or OutputClosed. */
  write(chunk: Buffer): Promise<void>;
  /** Removes the last `bytes` written, if that is possible. */
  truncateEnd?(bytes: number): Promise<void>;
  /**
   * Starts a new file, because the next bytes begin with a file header and cannot be appended. Returns its name for the
   * user. Undefined if there is only one stream.
   */
  nextFile?(): Promise<string>;
  /** Resolves once everything written is stored safely. */
  close(): Promise<void>;
  /** The path, if it is a file. */
  readonly path?: string | undefined;
  /** Prints a report on what was written, after close(). */
  report?(): Promise<void>;
  /** Calls back once when the reader has gone, if that can be detected without writing. */
  onReaderClosed?(callback: () => void): void;
}

/** Not all of a chunk could be written. */
export class WriteFailure extends Error {
  readonly problem: Problem;
  /** The number of bytes of the chunk that were written before it failed. */
  readonly written: number;

  constructor(problem: Problem, written: number) {
    super(problem.message, { cause: problem });
    this.problem = problem;
    this.written = written;
  }
}

/** The reader of a pipe has gone (`| head`). This is the normal end of a stream, not an error. */
export class OutputClosed extends Error {}
