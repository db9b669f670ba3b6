import type { Argv } from 'yargs';
import { print } from '../output/standardOutput.ts';
import { namespaceRows } from '../topology/netns/namespaceRows.ts';
import { namespaceTable } from '../topology/netns/renderNamespaces.ts';
import type { Command } from './commandLine.ts';
import { type ConnectionArguments, connectionOptions } from './connectionFlags.ts';
import { type DebuggerArguments, debuggerOptions } from './debuggerFlags.ts';
import { examples } from './examples.ts';
import { type FactsArguments, factsFormat, factsOptions, printDocument } from './factsFlags.ts';
import { readFacts } from './readFacts.ts';

type Flags = ConnectionArguments &
  DebuggerArguments &
  FactsArguments & { readonly target: string | undefined };

function options(parser: Argv): Argv<Flags> {
  const base = parser
    .usage(
      'Usage: $0 netns [node/NAME | POD] [flags]\n\n' +
        'Lists the network namespaces of nodes as lsns does, with the pods that they belong to.\n' +
        'Of a pod it shows everything in its namespace.',
    )
    .positional('target', { type: 'string', describe: 'node/NAME or a pod; all nodes without it' })
    .epilogue(
      examples([
        ['netns node/worker-1', "that node's network namespaces, and whose they are"],
        ['netns pod-1', "a pod's interfaces, addresses, routes and neighbours"],
        ['netns -o json > dump.json', 'everything, for programs and for --from'],
      ]),
    );
  return debuggerOptions(connectionOptions(factsOptions(base))) as unknown as Argv<Flags>;
}

async function run(flags: Flags): Promise<number> {
  const format = factsFormat(flags);
  const { facts } = await readFacts(flags, {
    command: 'netns',
    word: flags.target,
    scope: 'all',
    services: false,
    allPods: false,
    cni: true,
  });
  const rows = namespaceRows(facts);
  if (format === 'json' || format === 'yaml')
    await printDocument({ namespaces: rows }, facts, format);
  else await print(namespaceTable(rows, format === 'wide'));
  return 0;
}

export const netnsCommand: Command<Flags> = { options, run };
