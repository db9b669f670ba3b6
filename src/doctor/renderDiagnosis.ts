import { terminalSafe, terminalSafeJson } from '../output/terminalSafe.ts';
import { toYaml } from '../output/yaml.ts';
import type { Diagnosis } from './diagnose.ts';

const WORDS = { ok: 'ok', warning: 'warning', fail: 'FAIL' } as const;

/** A line a check, what to do below it, and what to ask for at the end; or all of it for a program. */
export function* renderDiagnosis(
  diagnosis: Diagnosis,
  format: 'table' | 'json' | 'yaml',
): Generator<string> {
  if (format === 'json') yield `${terminalSafeJson(JSON.stringify(diagnosis, undefined, 2))}\n`;
  else if (format === 'yaml') yield toYaml(diagnosis);
  else yield* lines(diagnosis);
}

function* lines({ checks, roles, ready }: Diagnosis): Generator<string> {
  const width = Math.max(...checks.map(({ check }) => check.length));
  for (const { check, level, text, next = [] } of checks) {
    yield `${WORDS[level].padEnd(7)}  ${check.padEnd(width)}  ${terminalSafe(text)}\n`;
    for (const step of next) yield `${' '.repeat(width + 11)}${terminalSafe(step)}\n`;
  }
  if (roles !== undefined)
    yield `\nWhat lacks, to ask an administrator for, with a binding of it to you:\n\n${roles}`;
  yield `\n${ready ? 'All that is needed is there.' : 'Not all that is needed is there.'}\n`;
}
