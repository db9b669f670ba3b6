import { readFile } from 'node:fs/promises';
import type { Argv } from 'yargs';
import { print } from '../output/standardOutput.ts';
import { terminalSafeJson } from '../output/terminalSafe.ts';
import { toYaml } from '../output/yaml.ts';
import { messageOf, Problem } from '../problem.ts';
import { parseDump } from '../topology/dump.ts';
import type { ClusterFacts } from '../topology/model/clusterFacts.ts';
import { parseChoice, parseDuration } from './values.ts';

const FORMATS = ['table', 'wide', 'json', 'yaml'] as const;
export type FactsFormat = (typeof FORMATS)[number];

/** What the parser makes of the flags of commands that look at the network of nodes. */
export interface FactsArguments {
  readonly output: string | undefined;
  readonly from: string | undefined;
  readonly 'keep-node': string | undefined;
}

/** The flags of commands that look at the network of nodes. */
export function factsOptions<T>(parser: Argv<T>) {
  return parser
    .option('output', {
      alias: 'o',
      type: 'string',
      requiresArg: true,
      group: 'Flags:',
      describe: 'wide, json or yaml; json holds all that was read, for --from',
    })
    .option('from', {
      type: 'string',
      requiresArg: true,
      group: 'Flags:',
      describe: 'Read a file that -o json wrote instead of the cluster (- for standard input)',
    })
    .option('keep-node', {
      type: 'string',
      requiresArg: true,
      group: 'Flags:',
      describe: 'Keep the pods on nodes so long for the next command, such as 5m',
    });
}

export function factsFormat({ output }: FactsArguments): FactsFormat {
  return parseChoice('-o', output ?? 'table', FORMATS);
}

/** Idle seconds for which pods on nodes are kept. */
export function keepOf({ 'keep-node': keep }: FactsArguments): { readonly keep?: number } {
  return keep === undefined ? {} : { keep: Math.ceil(parseDuration('--keep-node', keep)) };
}

/** The facts in the file that --from names. Throws a Problem where there are none. */
export async function factsFrom(file: string): Promise<ClusterFacts> {
  let text: string;
  try {
    text = await readFile(file === '-' ? '/dev/stdin' : file, 'utf8');
  } catch (cause) {
    throw new Problem(`--from: ${messageOf(cause)}`, { cause });
  }
  return parseDump(text);
}

/** Prints an answer for programs, with the facts that it was drawn from. */
export async function printDocument(
  answer: Readonly<Record<string, unknown>>,
  facts: ClusterFacts,
  format: 'json' | 'yaml',
): Promise<void> {
  const document = { ...answer, facts };
  await print([
    format === 'json'
      ? `${terminalSafeJson(JSON.stringify(document, undefined, 2))}\n`
      : toYaml(document),
  ]);
}
