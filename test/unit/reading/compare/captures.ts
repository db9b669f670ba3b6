import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Captures of other projects and these projects' results, next to the checkout, or where CAPTURES points. */
export const FOLDER =
  process.env.CAPTURES ??
  join(import.meta.dirname, '..', '..', '..', '..', '..', 'shared', 'captures');

export const hasCaptures = existsSync(FOLDER);

const CAPTURE = /\.(?:pcap|pcapng|cap)(?:\.gz)?$/;

/** Paths of captures, relative to the folder. */
export function captureFiles(within = ''): string[] {
  return readdirSync(join(FOLDER, within), { recursive: true, encoding: 'utf8' })
    .filter((name) => CAPTURE.test(name))
    .map((name) => join(within, name))
    .sort();
}

/** Files next to a capture whose names begin with the capture's name. */
export function truthFiles(capture: string, pattern: RegExp): string[] {
  const folder = join(FOLDER, capture, '..');
  const name = capture.split('/').at(-1) ?? '';
  return readdirSync(folder)
    .filter((file) => file.startsWith(name) && pattern.test(file.slice(name.length)))
    .map((file) => join(folder, file));
}
