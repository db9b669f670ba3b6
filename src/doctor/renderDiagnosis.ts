import { renderDocument } from '../output/renderDocument.ts';
import { terminalSafe } from '../output/terminalSafe.ts';
import { wrap } from '../output/wrap.ts';
import type { Diagnosis } from './diagnose.ts';

const LEVEL_TEXTS = { ok: 'ok', warning: 'warning', fail: 'FAIL' } as const;

/**
 * One line per check, the steps to fix it below, and the permissions to request at the end. Or everything as a document
 * for programs. Texts, but not commands, are wrapped at `columns`.
 */
export function* renderDiagnosis(
  diagnosis: Diagnosis,
  format: 'table' | 'json' | 'yaml',
  columns: number,
): Generator<string> {
  if (format === 'table') yield* renderText(diagnosis, columns);
  else yield renderDocument(diagnosis, format);
}

function* renderText({ checks, roles, ready }: Diagnosis, columns: number): Generator<string> {
  const width = Math.max(...checks.map(({ check }) => check.length));
  for (const { check, level, text, next = [] } of checks) {
    const margin = ' '.repeat(width + 11);
    const parts = text
      .split('\n')
      .filter((line) => line !== '')
      .flatMap((line) => wrap(terminalSafe(line.trim()), columns - margin.length));
    yield `${LEVEL_TEXTS[level].padEnd(7)}  ${check.padEnd(width)}  ${parts.join(`\n${margin}`)}\n`;
    for (const step of next) yield `${margin}${terminalSafe(step)}\n`;
  }
  if (roles !== undefined)
    yield `\nMissing permissions. Ask an administrator to apply this, and to bind it to you:\n\n${roles}`;
  yield `\n${ready ? 'Everything required is available.' : 'Not everything required is available.'}\n`;
}
