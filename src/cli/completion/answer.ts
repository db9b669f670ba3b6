/** A candidate for the word at the cursor. */
export interface Candidate {
  readonly value: string;
  readonly description?: string;
}

/** cobra's ShellCompDirective, which kubectl reads from the last line. The numbers are cobra's. */
export const DIRECTIVE = {
  /** The shell may complete file names if there are no candidates. */
  files: 0,
  /** The only candidate is just the beginning of a word. */
  noSpace: 2,
  noFiles: 4,
} as const;

export interface Answer {
  readonly candidates: readonly Candidate[];
  /** A sum of DIRECTIVE's numbers. */
  readonly directive: number;
}

/** No candidates, not even file names. */
export const NO_CANDIDATES: Answer = { candidates: [], directive: DIRECTIVE.noFiles };
export const FILE_NAMES: Answer = { candidates: [], directive: DIRECTIVE.files };

/** The candidates that start with the typed text. */
export function filterCandidates(candidates: readonly Candidate[], typed: string): Answer {
  const matching = candidates.filter(({ value }) => value.startsWith(typed));
  const isPartial = matching.length === 1 && matching[0]?.value.endsWith('/');
  return {
    candidates: matching,
    directive: DIRECTIVE.noFiles + (isPartial ? DIRECTIVE.noSpace : 0),
  };
}

/** cobra's output format: one candidate per line, its description after a tab, and the directive in the last line. */
export function answerText({ candidates, directive }: Answer): string {
  const lines = candidates.map(({ value, description }) =>
    description === undefined
      ? replaceControlCharacters(value)
      : `${replaceControlCharacters(value)}\t${replaceControlCharacters(description)}`,
  );
  return [...lines, `:${directive}`, ''].join('\n');
}

/**
 * Names come from files and clusters. They must not look like another line or a command. Most texts are printable
 * ASCII. Compiling an expression with Unicode properties takes longer than everything else here.
 */
function replaceControlCharacters(text: string): string {
  return /^[ -~]*$/.test(text) ? text : text.replace(/[\p{Cc}\p{Cf}]/gu, ' ');
}
