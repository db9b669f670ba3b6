import { bytesText, countText } from '../../output/quantities.ts';
import { GAP_COMMENT_PREFIX } from '../../pcap/gapComment.ts';
import type { Position } from './follower.ts';

/** Files that the ring removed before they had arrived completely. */
export interface Gap {
  readonly first: number;
  readonly last: number;
  /** An upper bound, because the files may have been smaller. */
  readonly bytes: number;
}

/** The gap between `position`, up to which data has arrived, and the first byte that still exists. */
export function gapAt(position: Position, last: number, fileBytes: number): Gap {
  const files = last - position.seq + 1;
  return { first: position.seq, last, bytes: Math.max(0, files * fileBytes - position.offset) };
}

export function gapText({ first, last, bytes }: Gap): string {
  return `${GAP_COMMENT_PREFIX}the ring in the pod overran this client: ${countText(last - first + 1, 'file')} (at most ${bytesText(bytes)}) did not arrive`;
}
