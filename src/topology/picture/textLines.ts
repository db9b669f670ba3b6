/** How many columns a character takes: two for East Asian characters and pictographs. */
function widthOf(character: string): number {
  return /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Extended_Pictographic}/u.test(
    character,
  )
    ? 2
    : 1;
}

/**
 * Breaks a text at spaces, and inside words that are longer than a line. If there are more than `most` lines, the
 * last one ends with an ellipsis.
 */
export function textLines(
  text: string,
  columns: number,
  limit = Number.POSITIVE_INFINITY,
): string[] {
  const lines: string[] = [];
  let line = '';
  let used = 0;
  const flush = () => {
    lines.push(line.trimEnd());
    line = '';
    used = 0;
  };
  for (const word of text.split(/(?<=[\s,/])/)) {
    const characters = [...word];
    const width = characters.reduce((sum, character) => sum + widthOf(character), 0);
    if (used > 0 && used + width > columns) flush();
    for (const character of characters) {
      const characterWidth = widthOf(character);
      if (used + characterWidth > columns) flush();
      line += character;
      used += characterWidth;
    }
    if (lines.length > limit) break;
  }
  if (line.trim() !== '' || lines.length === 0) flush();
  if (lines.length <= limit) return lines;
  const last = [...(lines[limit - 1] ?? '')].slice(0, columns - 1).join('');
  return [...lines.slice(0, limit - 1), `${last}…`];
}
