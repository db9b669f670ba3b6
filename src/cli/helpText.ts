/** yargs says of every flag what type its value has, which the description says better. */
const TYPE = / *\[(string|boolean|required)\]/g;

/** The help that yargs wrote, as kubectl would: no types, no empty or trailing space left by them. */
export function helpText(text: string): string {
  const lines = text.split('\n').flatMap((line) => {
    const kept = line.replace(TYPE, '').trimEnd();
    return kept === '' && line !== '' ? [] : [kept];
  });
  return `${lines.join('\n').trimEnd()}\n`;
}
