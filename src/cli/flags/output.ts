import { oneOf } from './valueTypes.ts';

/** kubectl's -o with the formats that a command has; without it, output is for people. */
export function outputFlag<const T extends string>(formats: readonly T[]) {
  return { alias: 'o', value: oneOf('FORMAT', formats), help: 'Output format' } as const;
}

/** The formats of a list of objects. */
export const LIST_OUTPUT = outputFlag(['wide', 'json', 'yaml', 'name']);
