/** The widths that the build writes the program's help for: most terminals, and everything else. */
export const HELP_WIDTHS = [80, 100] as const;

/** The width of help in characters: that of the terminal, within what reads well. */
export function helpWidth({ isTTY, columns }: { isTTY?: boolean; columns?: number }): number {
  return isTTY ? Math.min(100, columns ?? 80) : 80;
}
