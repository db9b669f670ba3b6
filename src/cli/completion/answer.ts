/** One word that could stand at the cursor. */
export interface Candidate {
  readonly value: string;
  readonly describe?: string;
}

/** cobra's ShellCompDirective, which kubectl reads from the last line; the numbers are cobra's. */
export const DIRECTIVE = {
  /** The shell may complete file names where there are no candidates. */
  files: 0,
  /** The one candidate is only the beginning of a word. */
  noSpace: 2,
  noFiles: 4,
} as const;

export interface Answer {
  readonly candidates: readonly Candidate[];
  /** A sum of DIRECTIVE's numbers. */
  readonly directive: number;
}

/** The words that nothing can be said about, not even a file's name. */
export const NOTHING: Answer = { candidates: [], directive: DIRECTIVE.noFiles };
export const FILES: Answer = { candidates: [], directive: DIRECTIVE.files };

/** Candidates that begin with what is typed already. */
export function among(candidates: readonly Candidate[], typed: string): Answer {
  const fitting = candidates.filter(({ value }) => value.startsWith(typed));
  const half = fitting.length === 1 && fitting[0]?.value.endsWith('/');
  return {
    candidates: fitting,
    directive: DIRECTIVE.noFiles + (half ? DIRECTIVE.noSpace : 0),
  };
}

/** As cobra prints it: a candidate a line, a tab before what is said of it, the directive last. */
export function answerText({ candidates, directive }: Answer): string {
  const lines = candidates.map(({ value, describe }) =>
    describe === undefined ? clean(value) : `${clean(value)}\t${clean(describe)}`,
  );
  return [...lines, `:${directive}`, ''].join('\n');
}

/** Names come from files and clusters: nothing in them may look like another line or a command. */
function clean(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, ' ');
}
