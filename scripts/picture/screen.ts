/** The style of a piece of text. Without a colour, the terminal's own is used. */
interface Style {
  readonly colour: string | undefined;
  readonly background: string | undefined;
  readonly isBold: boolean;
  readonly isDim: boolean;
}

/** Text in one style in one row of a terminal, and the cells that it fills. */
export interface Run extends Style {
  readonly column: number;
  readonly width: number;
  readonly text: string;
}

const PLAIN: Style = { colour: undefined, background: undefined, isBold: false, isDim: false };

/** The eight colours of ECMA-48 and their bright versions, for a dark background. */
const PALETTE = [
  ...['#5c6370', '#ef6b73', '#98c379', '#e5c07b', '#61afef', '#c678dd', '#56b6c2', '#d7dae0'],
  ...['#7f848e', '#ff8a91', '#b5e890', '#ffd88f', '#7fc4ff', '#dd9af0', '#7bd5e0', '#ffffff'],
];

/** A change of style (SGR), another control character, or a character with its marks. */
const PIECE = /\x1b\[([\d;]*)m|([\x00-\x1f\x7f])|\P{M}\p{M}*|\p{M}+/gu;

/** Characters that fill two cells in terminals. */
const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]/u;

/**
 * The rows of a terminal, from the output of `tmux capture-pane -e`. Unknown sequences are an error, so that a wrong
 * picture cannot go unnoticed.
 */
export function parseScreen(screen: string): Run[][] {
  let style = PLAIN;
  return screen.split('\n').map((line) => {
    const runs: Run[] = [];
    let column = 0;
    for (const [text, codes, control] of line.matchAll(PIECE)) {
      if (control !== undefined) throw new Error(`cannot draw ${JSON.stringify(line)}`);
      if (codes !== undefined) {
        style = codes.split(';').reduce((before, code) => withCode(before, Number(code)), style);
        continue;
      }
      const width = WIDE.test(text) ? 2 : 1;
      append(runs, { ...style, column, width, text });
      column += width;
    }
    return runs;
  });
}

/** Appends a character to the last run, or starts another one if the style changes or a character is wide. */
function append(runs: Run[], next: Run): void {
  const last = runs.at(-1);
  if (last && next.width === 1 && !WIDE.test(last.text) && looksAlike(last, next))
    runs[runs.length - 1] = { ...last, width: last.width + 1, text: last.text + next.text };
  else runs.push(next);
}

function looksAlike(a: Style, b: Style): boolean {
  return (
    a.colour === b.colour &&
    a.background === b.background &&
    a.isBold === b.isBold &&
    a.isDim === b.isDim
  );
}

/** ECMA-48 8.3.117. The bright colours are those of aixterm. */
function withCode(style: Style, code: number): Style {
  const kind = Math.floor(code / 10);
  const bright = kind > 8 ? 8 : 0;
  const colour = PALETTE[(code % 10) + bright];
  if (code === 0) return PLAIN;
  if (code === 1) return { ...style, isBold: true };
  if (code === 2) return { ...style, isDim: true };
  if (code === 22) return { ...style, isBold: false, isDim: false };
  if (code === 39) return { ...style, colour: undefined };
  if (code === 49) return { ...style, background: undefined };
  if (code % 10 < 8 && (kind === 3 || kind === 9)) return { ...style, colour };
  if (code % 10 < 8 && (kind === 4 || kind === 10)) return { ...style, background: colour };
  throw new Error(`cannot draw the style ${code}`);
}
