import { print } from '../../output/standardOutput.ts';
import { namespaceRows } from '../../topology/netns/namespaceRows.ts';
import { namespaceTable } from '../../topology/netns/renderNamespaces.ts';
import { command } from '../command.ts';
import { DEBUGGER_GROUP } from '../flags/debugger.ts';
import { FACTS_GROUP, printDocument } from '../flags/facts.ts';
import { TARGET } from '../flags/targets.ts';
import { readFacts } from '../readFacts.ts';

export const netnsCommand = command({
  description:
    'List the network namespaces of nodes, as lsns does, with the pods they belong to.\n\n' +
    'TARGET is a pod (pod-1) or a node (node/worker-1); without it, all nodes are listed. For a pod, everything in its namespace is shown.',
  examples: [
    ['netns node/worker-1', 'List the network namespaces of a node, with their pods'],
    ['netns pod-1', "Show a pod's interfaces, addresses, routes and neighbours"],
    ['netns -o json > dump.json', 'Save everything, for programs and for --from'],
  ],
  arguments: [TARGET],
  flags: [FACTS_GROUP, DEBUGGER_GROUP],
  run: async ({ flags, args: [word] }) => {
    const { facts } = await readFacts(flags, {
      command: 'netns',
      word,
      scope: 'all',
      services: false,
      allPods: false,
      cni: true,
    });
    const rows = namespaceRows(facts);
    if (flags.output === 'json' || flags.output === 'yaml')
      await printDocument({ namespaces: rows }, facts, flags.output);
    else await print(namespaceTable(rows, flags.output === 'wide'));
    return 0;
  },
});
