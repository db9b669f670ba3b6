import { readFile } from 'node:fs/promises';
import { text as textOf } from 'node:stream/consumers';
import { print } from '../../output/standardOutput.ts';
import { terminalSafeJson } from '../../output/terminalSafe.ts';
import { toYaml } from '../../output/yaml.ts';
import { messageOf, Problem } from '../../problem.ts';
import { parseDump } from '../../topology/dump.ts';
import type { ClusterFacts } from '../../topology/model/clusterFacts.ts';
import type { FlagGroup, FlagValues } from './flag.ts';
import { outputFlag } from './output.ts';
import { DURATION, FILE } from './valueTypes.ts';

/** The options of commands that read the network configuration of nodes. */
export const FACTS_GROUP = {
  title: 'Options',
  flags: {
    output: outputFlag(['wide', 'json', 'yaml']),
    from: {
      value: FILE,
      help: 'Read this file, written with -o json, instead of the cluster (- for standard input)',
    },
    'keep-node': {
      value: DURATION,
      help: 'Keep the pods on nodes this long for the next command, such as 5m',
    },
  },
} as const satisfies FlagGroup;

export type FactsValues = FlagValues<typeof FACTS_GROUP.flags>;

/** How many idle seconds to keep pods on nodes. */
export function keepNodeOption({ 'keep-node': keep }: FactsValues): { readonly keepNode?: number } {
  return keep === undefined ? {} : { keepNode: Math.ceil(keep) };
}

/** The facts in the file given with --from. Throws a Problem if it contains none. */
export async function readFactsFile(file: string): Promise<ClusterFacts> {
  let text: string;
  try {
    text = file === '-' ? await textOf(process.stdin) : await readFile(file, 'utf8');
  } catch (cause) {
    throw new Problem(`--from: ${messageOf(cause)}`, { kind: 'not-read', cause });
  }
  return parseDump(text);
}

/** Prints an answer for programs, together with the facts behind it. */
export async function printDocument(
  answer: Readonly<Record<string, unknown>>,
  facts: ClusterFacts,
  format: 'json' | 'yaml',
): Promise<void> {
  if (format === 'yaml') {
    await print([toYaml({ ...answer, facts })]);
    return;
  }
  // The facts are meant for programs only. On one line they take a third of the space.
  const shown = JSON.stringify(answer, undefined, 2).replace(/\n\}$/, ',\n');
  await print([
    terminalSafeJson(shown),
    '  "facts": ',
    terminalSafeJson(JSON.stringify(facts)),
    '\n}\n',
  ]);
}
