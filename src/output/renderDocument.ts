import { terminalSafeJson } from './terminalSafe.ts';
import { toYaml } from './yaml.ts';

/** A value for programs, as -o json and -o yaml print it. */
export function renderDocument(value: unknown, format: 'json' | 'yaml'): string {
  return format === 'yaml'
    ? toYaml(value)
    : `${terminalSafeJson(JSON.stringify(value, undefined, 2))}\n`;
}
