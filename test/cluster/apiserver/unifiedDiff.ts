const CONTEXT = 3;

interface Line {
  readonly sign: ' ' | '-' | '+';
  readonly text: string;
}

/** The differences between two texts as unified diff hunks with three lines of context, without file names. */
export function unifiedDiff(before: string, after: string): string {
  const lines = compareLines(before.split('\n'), after.split('\n'));
  let text = '';
  for (const [start, end] of hunks(lines)) {
    const hunk = lines.slice(start, end);
    const old = range(lines, start, end, '+');
    const fresh = range(lines, start, end, '-');
    text += `@@ -${old} +${fresh} @@\n`;
    for (const line of hunk) text += `${line.sign}${line.text}\n`;
  }
  return text;
}

/** The first line of every run of changes with its context, and the line after its end. */
function hunks(lines: readonly Line[]): [number, number][] {
  const matches: [number, number][] = [];
  for (const [index, line] of lines.entries()) {
    if (line.sign === ' ') continue;
    const start = Math.max(0, index - CONTEXT);
    const end = Math.min(lines.length, index + CONTEXT + 1);
    const last = matches.at(-1);
    if (last && start <= last[1]) last[1] = end;
    else matches.push([start, end]);
  }
  return matches;
}

function range(lines: readonly Line[], start: number, end: number, without: '+' | '-'): string {
  const count = (part: readonly Line[]) => part.filter((line) => line.sign !== without).length;
  const first = count(lines.slice(0, start)) + 1;
  const length = count(lines.slice(start, end));
  if (length === 1) return String(first);
  return length === 0 ? `${first - 1},0` : `${first},${length}`;
}

/** Both texts as one list, using their longest common subsequence. */
function compareLines(before: readonly string[], after: readonly string[]): Line[] {
  const width = after.length + 1;
  const longest = new Uint32Array((before.length + 1) * width);
  const at = (i: number, j: number) => longest[i * width + j] ?? 0;
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      longest[i * width + j] =
        before[i] === after[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: Line[] = [];
  let i = 0;
  let j = 0;
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && before[i] === after[j]) {
      lines.push({ sign: ' ', text: before[i] ?? '' });
      i += 1;
      j += 1;
    } else if (i < before.length && (j >= after.length || at(i + 1, j) >= at(i, j + 1))) {
      lines.push({ sign: '-', text: before[i] ?? '' });
      i += 1;
    } else {
      lines.push({ sign: '+', text: after[j] ?? '' });
      j += 1;
    }
  }
  return lines;
}
