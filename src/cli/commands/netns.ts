import { print } from '../../output/standardOutput.ts';
import { namespaceRows } from '../../topology/netns/namespaceRows.ts';
import { placeOf } from '../../topology/netns/placeOf.ts';
import { renderNamespace } from '../../topology/netns/renderNamespace.ts';
import { namespaceTable } from '../../topology/netns/renderNamespaces.ts';
import { Topology } from '../../topology/topology.ts';
import { command } from '../command.ts';
import { DEBUGGER_GROUP } from '../flags/debugger.ts';
import { FACTS_GROUP, printDocument } from '../flags/facts.ts';
import { TARGET } from '../flags/targets.ts';
import { noteUnknown, readFacts } from '../readFacts.ts';

export const netnsCommand = command({
  description:
    'List the network namespaces of nodes, as lsns does, with the pods they belong to.\n\n' +
    'TARGET is a pod (pod-1, or shop/pod-1 in another namespace) or a node (node/worker-1); without it, all nodes are listed. For a pod, everything in its namespace is shown.',
  examples: [
    ['netns node/worker-1', 'List the network namespaces of a node, with their pods'],
    ['netns pod-1', "Show a pod's interfaces, addresses, routes and neighbours"],
    ['netns -o json > dump.json', 'Save everything, for programs and for --from'],
  ],
  arguments: [TARGET],
  flags: [FACTS_GROUP, DEBUGGER_GROUP],
  run: async ({ flags, args: [word] }) => {
    const { facts, subject } = await readFacts(flags, {
      command: 'netns',
      target: word,
      scope: 'all',
      services: false,
      allPods: false,
      cni: true,
      allowPodSide: true,
    });
    const topology = new Topology(facts);
    const podPlace = subject.kind === 'pod' ? placeOf(topology, subject) : undefined;
    const rows = namespaceRows(facts).filter(
      ({ inode, node }) =>
        podPlace === undefined || (inode === podPlace.network.inode && node === podPlace.node.name),
    );
    if (flags.output === 'json' || flags.output === 'yaml') {
      await printDocument({ namespaces: rows }, facts, flags.output);
      return 0;
    }
    noteUnknown(facts);
    await print(
      podPlace
        ? renderNamespace(topology, podPlace)
        : namespaceTable(rows, flags.output === 'wide'),
    );
    return 0;
  },
});
