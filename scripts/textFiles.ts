import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { buildSync } from 'esbuild';
import { shellText } from './shellText.ts';

/**
 * Files that are text to the program: shell code for pods, what people's shells read, and stylesheets.
 * With ?script behind its name, a TypeScript file is the text of a program for browsers.
 */
export const TEXT_FILE = /\.(?:(?:sh|bash|zsh|fish|ps1|css)|ts\?script)$/;

/** A line of shell code that includes another file: its path, from the folder of the file that includes it. */
const INCLUDE = /^\. (\S+\.sh)$/gm;

const SCRIPT_SUFFIX = '?script';

/** What the file of such a name is in the program. */
export function textOfFile(path: string): string {
  if (path.endsWith(SCRIPT_SUFFIX)) return browserScript(path.slice(0, -SCRIPT_SUFFIX.length));
  return path.endsWith('.sh') ? shellText(withIncludes(path)) : readFileSync(path, 'utf8');
}

/** One text, since a pod has no files of ours. Throws when a file that is included is missing. */
function withIncludes(path: string): string {
  return readFileSync(path, 'utf8').replace(INCLUDE, (_line, included: string) =>
    withIncludes(join(dirname(path), included)),
  );
}

/** A TypeScript file and all that it imports, as one classic script of ASCII. */
function browserScript(path: string): string {
  const { outputFiles } = buildSync({
    entryPoints: [path],
    bundle: true,
    write: false,
    platform: 'browser',
    target: 'es2022',
    format: 'iife',
    charset: 'ascii',
    minify: true,
    legalComments: 'none',
    logLevel: 'warning',
  });
  return outputFiles[0]?.text.trim() ?? '';
}
