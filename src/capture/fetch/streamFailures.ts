import { Problem } from '../../problem.ts';

/** The stream of a verb ended before its end: asking again may help. What came until then is right. */
export class CutStream extends Error {}

/** What was compressed in the pod does not fit its checksum: nothing of the stream can be used. */
export class DamagedStream extends Error {}

/** The ring removed the file that was asked for. */
export class FileGone extends Error {}

/** The pod sent something that was not asked for: its sender cannot be trusted. */
export class RefusedStream extends Problem {
  constructor(why: string) {
    super(`unexpected data from the pod: ${why}`, {
      kind: 'damaged',
      next: ['only files that were complete by then were kept; check what runs in that pod'],
    });
  }
}
