import { terminalSafeJson } from './terminalSafe.ts';
import { toYaml } from './yaml.ts';

/** Renders a value for programs, as for -o json and -o yaml. */
export function renderDocument(value: unknown, format: 'json' | 'yaml'): string {
  return format === 'yaml'
    ? toYaml(value)
    : `${terminalSafeJson(JSON.stringify(value, undefined, 2))}\n`;
}
