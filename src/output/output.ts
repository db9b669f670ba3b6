import type { Problem } from '../problem.ts';

/** Where the bytes of a capture or a list go; one write at a time. */
export interface Output {
  /** Resolves when the bytes are taken; rejects with NotWritten or OutputClosed. */
  write(chunk: Buffer): Promise<void>;
  /** Takes back the last `bytes` written, where that is possible. */
  takeBack?(bytes: number): Promise<void>;
  /**
   * What comes next begins with a file header of its own, since it cannot follow what came before. Gives what the user
   * calls the place where it goes. Absent where there is only one stream.
   */
  nextFile?(): Promise<string>;
  /** Resolves when everything written is safe. */
  close(): Promise<void>;
  /** The file, where it is one. */
  readonly path?: string | undefined;
  /** Says what it has to say about what was written, after close(). */
  report?(): Promise<void>;
  /** Calls back once when the reader is gone, where that can be noticed without writing. */
  onReaderGone?(callback: () => void): void;
}

/** Not all of a chunk could be written. */
export class NotWritten extends Error {
  readonly problem: Problem;
  /** How many bytes of the chunk were taken before it failed. */
  readonly written: number;

  constructor(problem: Problem, written: number) {
    super(problem.message, { cause: problem });
    this.problem = problem;
    this.written = written;
  }
}

/** The reader of a pipe went away (`| head`): the normal end of a stream, not an error. */
export class OutputClosed extends Error {}
