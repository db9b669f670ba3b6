import { Problem, type ProblemDetails } from '../../problem.ts';
import { type ManifestFile, packetTimeText } from '../manifest.ts';
import type { SpoolFile } from '../spool/listing.ts';
import type { Checksum } from './checksums.ts';
import type { CopySummary, FileCopy } from './fileCopy.ts';

/** A file was copied twice and was wrong both times. */
export class WrongFile extends Problem {
  constructor(message: string, details: Partial<ProblemDetails> = {}) {
    super(message, { kind: 'damaged', ...details });
  }
}

/** Whether a whole copy is verified: its checksum matches or, without a checksum, all its packets are whole. */
export function isVerified({ sha256, walk }: CopySummary, checksum: Checksum): boolean {
  if ('sha256' in checksum) return checksum.sha256 === sha256;
  return walk.wholeBytes === walk.bytes && walk.damage === undefined;
}

/**
 * Without a checksum, a file that ends inside a packet may be a bad copy, or the recorder may have been stopped while
 * it wrote. If a second copy is identical, the file is like that in the pod.
 */
export function isConfirmed(
  summary: CopySummary,
  checksum: Checksum,
  previous: CopySummary,
): boolean {
  return !('sha256' in checksum) && summary.sha256 === previous.sha256;
}

export function wrongFile({ source }: FileCopy, checksum: Checksum): WrongFile {
  return new WrongFile(
    'sha256' in checksum
      ? `file ${source.seq} was copied twice, but its checksum differs from that in the pod both times`
      : `file ${source.seq} was copied twice and was damaged differently each time`,
    {
      next: [
        'the copies were discarded; fetch again, if possible through another network or proxy',
      ],
    },
  );
}

/** The manifest entry of a whole file. */
export function wholeEntry(
  copy: FileCopy,
  name: string,
  summary: CopySummary,
  checksum: Checksum,
): ManifestFile {
  const { walk } = summary;
  const truncated = walk.bytes - walk.wholeBytes;
  const note =
    walk.damage !== undefined
      ? `damaged in the pod: no packets can be read after byte ${walk.wholeBytes} (${walk.damage})`
      : `the recorder was stopped while it wrote a packet: the last ${truncated} bytes are incomplete`;
  return {
    seq: copy.source.seq,
    name,
    state: 'whole',
    size: walk.bytes,
    verified: 'sha256' in checksum ? 'sha256' : 'size+walk',
    sha256: summary.sha256,
    ...('unverified' in checksum && checksum),
    ...packetFacts(summary),
    ...(truncated > 0 && { note }),
  };
}

/** The manifest entry of a lost file, with the reason. */
export function lostEntry(
  { seq, size }: Pick<SpoolFile, 'seq' | 'size'>,
  note: string,
): ManifestFile {
  return { seq, state: 'lost', size: 0, recorded: size, packets: 0, note };
}

/** The manifest entry of a file that is being copied. */
export function copyingEntry({ source, name, size, summary }: FileCopy): ManifestFile {
  return {
    seq: source.seq,
    ...(name !== undefined && { name }),
    state: 'copying',
    size,
    recorded: source.size,
    ...packetFacts(summary),
  };
}

/** The manifest entry of a file of which only whole packets up to some point were copied. */
export function partialEntry(copy: FileCopy, name: string, note: string): ManifestFile {
  const { walk } = copy.summary;
  return {
    seq: copy.source.seq,
    name,
    state: 'partial',
    size: walk.wholeBytes,
    ...(copy.source.size > walk.wholeBytes && { recorded: copy.source.size }),
    verified: 'size+walk',
    ...packetFacts(copy.summary),
    note,
  };
}

/** What was found out about the packets. */
export function packetFacts({ walk: { packets, first, last } }: CopySummary) {
  return {
    packets,
    ...(first && { first: packetTimeText(first) }),
    ...(last && { last: packetTimeText(last) }),
  };
}
