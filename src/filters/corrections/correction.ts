/** Something in a filter that is wrong, or means something else than it seems to. */
export interface Correction {
  readonly wrong: string;
  readonly right: string;
  /** One sentence. */
  readonly why: string;
  /** `error`: the filter is refused as it is. `note`: it is accepted, and probably not what is meant. */
  readonly kind: 'error' | 'note';
}

/** A correction of the characters from `start` to `end`. */
export interface Edit extends Pick<Correction, 'right' | 'why' | 'kind'> {
  readonly start: number;
  readonly end: number;
}

export interface Corrected {
  readonly text: string;
  readonly corrections: readonly Correction[];
}

/** Applies edits; of edits that overlap, the one that begins first. */
export function applyEdits(text: string, edits: readonly Edit[]): Corrected {
  const ordered = [...edits].sort((one, other) => one.start - other.start);
  const corrections: Correction[] = [];
  let result = '';
  let at = 0;
  for (const { start, end, right, why, kind } of ordered) {
    if (start < at) continue;
    result += text.slice(at, start) + right;
    at = end;
    corrections.push({ wrong: text.slice(start, end), right, why, kind });
  }
  return { text: result + text.slice(at), corrections };
}
