import { Problem } from '../../problem.ts';

/** The stream of a verb was cut off. Data that arrived before is correct, and retrying may help. */
export class TruncatedStream extends Error {}

/** Compressed data from the pod does not match its checksum: nothing of the stream can be used. */
export class DamagedStream extends Error {}

/** The ring removed the requested file. */
export class FileGone extends Error {}

/** The pod sent data that was not requested: its sender cannot be trusted. */
export class UnexpectedStream extends Problem {
  constructor(why: string) {
    super(`unexpected data from the pod: ${why}`, {
      kind: 'damaged',
      next: ['only files that were complete by then were kept; check what runs in that pod'],
    });
  }
}
