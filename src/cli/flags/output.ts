import { oneOf } from './valueTypes.ts';

/** kubectl's -o with the formats of a command. Without it, the output is for people. */
export function outputFlag<const T extends string>(formats: readonly T[]) {
  return { alias: 'o', value: oneOf('FORMAT', formats), help: 'Output format' } as const;
}

/** The output formats for a list of objects. */
export const LIST_OUTPUT = outputFlag(['wide', 'json', 'yaml', 'name']);
