/** The widths for which the build renders the program's help: 80 also without a terminal, 100 as the maximum. */
export const HELP_WIDTHS = [80, 100] as const;

/** The width of help in characters: the terminal's width, limited to what is readable. */
export function helpWidth({ isTTY, columns }: { isTTY?: boolean; columns?: number }): number {
  return isTTY ? Math.min(100, columns ?? 80) : 80;
}
