import { shellText } from './shellText.ts';

/** Files that are text to the program: shell code for pods, and what people's shells read. */
export const TEXT_FILE = /\.(?:sh|bash|zsh|fish|ps1)$/;

/** What such a file is in the program. */
export function textOfFile(path: string, source: string): string {
  return path.endsWith('.sh') ? shellText(source) : source;
}
