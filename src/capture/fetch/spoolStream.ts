import type { Notice } from '../../notice.ts';
import { PacketCutter } from '../../pcap/packetCutter.ts';
import { Problem } from '../../problem.ts';
import { FileJoiner } from '../follower/fileJoiner.ts';
import type { SpoolFile } from '../spool/listing.ts';
import type { PodFilter } from './podFilter.ts';
import type { SpoolAccess } from './spoolAccess.ts';
import { FileGone, TruncatedStream } from './streamFailures.ts';

export interface SpoolStreamOptions {
  /** Evaluated in the pod, file by file. */
  readonly filter?: PodFilter | undefined;
  /** Called with notices about missing packets. */
  readonly onNote: (notice: Notice) => void;
}

/**
 * Streams the packets of recorded files as one pcap stream, in the order of recording. Resumes after cut connections.
 * Requests nothing before it is read, and keeps nothing. Throws like SpoolAccess.
 */
export async function* spoolStream(
  access: SpoolAccess,
  files: readonly SpoolFile[],
  options: SpoolStreamOptions,
): AsyncGenerator<Buffer, void> {
  const { onNote, filter } = options;
  const joiner = new FileJoiner(new PacketCutter());
  for (const file of files) {
    let offset = 0;
    const bytes = filter
      ? filteredBytes(access, file, filter, onNote)
      : fileBytes(access, file, onNote);
    for await (const chunk of bytes) {
      const { whole, startsStream } = joiner.join(offset, chunk);
      if (startsStream)
        throw new Problem(`file ${file.seq} was recorded on another kind of interface`, {
          kind: 'unsuitable',
          next: ['copy the files with captures fetch, and read each'],
        });
      offset += chunk.length;
      if (whole.length > 0) yield whole;
    }
    joiner.nextFile();
  }
}

async function* fileBytes(
  access: SpoolAccess,
  { seq, size }: SpoolFile,
  onNote: (notice: Notice) => void,
): AsyncGenerator<Buffer, void> {
  const backoff = access.newBackoff();
  for (let offset = 0; ; ) {
    try {
      for await (const frames of access.copy([{ seq, offset, length: size - offset }])) {
        backoff.progress();
        for (const frame of frames)
          if (frame.kind === 'data') {
            offset += frame.bytes.length;
            yield frame.bytes;
          } else if (frame.kind !== 'whole') onNote({ kind: 'gap', text: goneText(seq) });
      }
      return;
    } catch (error) {
      if (error instanceof TruncatedStream && offset === size) return;
      await access.waitBeforeRetry(error, backoff);
    }
  }
}

async function* filteredBytes(
  access: SpoolAccess,
  file: SpoolFile,
  filter: PodFilter,
  onNote: (notice: Notice) => void,
): AsyncGenerator<Buffer, void> {
  const backoff = access.newBackoff();
  for (let yielded = 0; ; ) {
    let at = 0;
    try {
      for await (const chunk of access.filter(file, filter)) {
        backoff.progress();
        // After a cut connection, the same bytes arrive again.
        const fresh = chunk.subarray(Math.max(0, yielded - at));
        at += chunk.length;
        yielded = Math.max(yielded, at);
        if (fresh.length > 0) yield fresh;
      }
      return;
    } catch (error) {
      if (error instanceof FileGone) {
        onNote({ kind: 'gap', text: goneText(file.seq) });
        return;
      }
      if (!(error instanceof TruncatedStream)) throw error;
      await access.waitBeforeRetry(error, backoff);
    }
  }
}

function goneText(seq: number): string {
  return `file ${seq} is missing or incomplete: the ring removed it while it was being read`;
}
