import type { FlagTable, FlagValues } from './flag.ts';
import { FILE } from './valueTypes.ts';

/** The options of commands that draw their results. */
export const PICTURE_FLAGS = {
  svg: { value: FILE, help: 'Draw the path and the findings in an SVG file' },
  html: { value: FILE, help: 'Draw the path and the findings in a self-contained HTML page' },
  mermaid: { help: 'Print the path as a Mermaid flowchart, for Markdown' },
  force: { help: 'Overwrite the files of --svg and --html if they exist' },
} as const satisfies FlagTable;

export type PictureValues = FlagValues<typeof PICTURE_FLAGS>;
