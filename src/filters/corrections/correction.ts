/** A mistake in a filter, or a part that does not mean what it seems to mean. */
export interface Correction {
  readonly wrong: string;
  readonly right: string;
  /** One sentence. */
  readonly why: string;
  /** `error`: the filter would be refused. `note`: it is accepted, but probably not what was meant. */
  readonly kind: 'error' | 'note';
}

/** A correction for the characters from `start` to `end`. */
export interface Edit extends Pick<Correction, 'right' | 'why' | 'kind'> {
  readonly start: number;
  readonly end: number;
}

export interface Corrected {
  readonly text: string;
  readonly corrections: readonly Correction[];
}

/** Applies edits. If edits overlap, only the one that begins first is applied. */
export function applyEdits(text: string, edits: readonly Edit[]): Corrected {
  const sorted = [...edits].sort((a, b) => a.start - b.start);
  const corrections: Correction[] = [];
  let result = '';
  let at = 0;
  for (const { start, end, right, why, kind } of sorted) {
    if (start < at) continue;
    result += text.slice(at, start) + right;
    at = end;
    corrections.push({ wrong: text.slice(start, end), right, why, kind });
  }
  return { text: result + text.slice(at), corrections };
}
