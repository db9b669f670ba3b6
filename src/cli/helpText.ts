/** yargs says of every flag what type its value has, which the description says better. */
const TYPE = / *\[(string|boolean|required|array|default: \[\])\]/g;

/** The help that yargs wrote, as kubectl would: no types, no empty or trailing space left by them. */
export function helpText(text: string): string {
  const lines = text.split('\n').flatMap((line) => {
    const kept = line.replace(TYPE, '').trimEnd();
    return kept === '' && line !== '' ? [] : [kept];
  });
  return `${lines.join('\n').trimEnd()}\n`;
}

/** The widths that the build writes help for: of most terminals, and of what is none. */
export const HELP_WIDTHS = [80, 100] as const;

/** How wide help is written, in characters: as the terminal is, within what reads well. */
export function helpWidth({ isTTY, columns }: { isTTY?: boolean; columns?: number }): number {
  return isTTY ? Math.min(100, columns ?? 80) : 80;
}
