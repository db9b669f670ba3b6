import { terminalSafe, terminalSafeJson } from '../output/terminalSafe.ts';
import { toYaml } from '../output/yaml.ts';
import type { Diagnosis } from './diagnose.ts';

const WORDS = { ok: 'ok', warning: 'warning', fail: 'FAIL' } as const;

/**
 * A line a check, what to do below it, and what to ask for at the end; or all of it for a program.
 * Texts, but not commands, are wrapped at `columns`.
 */
export function* renderDiagnosis(
  diagnosis: Diagnosis,
  format: 'table' | 'json' | 'yaml',
  columns = Number.POSITIVE_INFINITY,
): Generator<string> {
  if (format === 'json') yield `${terminalSafeJson(JSON.stringify(diagnosis, undefined, 2))}\n`;
  else if (format === 'yaml') yield toYaml(diagnosis);
  else yield* lines(diagnosis, columns);
}

function* lines({ checks, roles, ready }: Diagnosis, columns: number): Generator<string> {
  const width = Math.max(...checks.map(({ check }) => check.length));
  for (const { check, level, text, next = [] } of checks) {
    const margin = ' '.repeat(width + 11);
    const parts = intoLines(terminalSafe(text), columns - margin.length);
    yield `${WORDS[level].padEnd(7)}  ${check.padEnd(width)}  ${parts.join(`\n${margin}`)}\n`;
    for (const step of next) yield `${margin}${terminalSafe(step)}\n`;
  }
  if (roles !== undefined)
    yield `\nMissing permissions. Ask an administrator to apply this, and to bind it to you:\n\n${roles}`;
  yield `\n${ready ? 'Everything required is available.' : 'Not everything required is available.'}\n`;
}

/** Breaks a text between its words; a word that is longer than a line stays whole. */
function intoLines(text: string, columns: number): string[] {
  const found: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > columns) {
      found.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...found, line];
}
