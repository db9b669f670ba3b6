import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { buildSync } from 'esbuild';
import { shellText } from './shellText.ts';

/**
 * Files that the program contains as text: shell code for pods, completion scripts, and stylesheets. A TypeScript file
 * with ?script after its name is the text of a program for browsers.
 */
export const TEXT_FILE = /\.(?:(?:sh|bash|zsh|fish|ps1|css)|ts\?script)$/;

/** A line of shell code that includes another file. The path is relative to the including file. */
const INCLUDE = /^\. (\S+\.sh)$/gm;

const SCRIPT_SUFFIX = '?script';

/** The text that the program gets for a file with this name. */
export function textOfFile(path: string): string {
  if (path.endsWith(SCRIPT_SUFFIX)) return browserScript(path.slice(0, -SCRIPT_SUFFIX.length));
  return path.endsWith('.sh') ? shellText(withIncludes(path)) : readFileSync(path, 'utf8');
}

/**
 * Includes become part of one text, because a pod does not have the other files. Throws if an included file is missing.
 */
function withIncludes(path: string): string {
  return readFileSync(path, 'utf8').replace(INCLUDE, (_line, included: string) =>
    withIncludes(join(dirname(path), included)),
  );
}

/** A TypeScript file and everything it imports, as one classic ASCII script. */
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
