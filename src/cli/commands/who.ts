import { print } from '../../output/standardOutput.ts';
import { Problem, wrongUsage } from '../../problem.ts';
import { renderFindings } from '../../topology/findings/renderFindings.ts';
import { duplicateOwners } from '../../topology/who/duplicateOwners.ts';
import { findOwners } from '../../topology/who/findOwners.ts';
import { ownerTable } from '../../topology/who/renderOwners.ts';
import { parseThing } from '../../topology/who/thing.ts';
import { command } from '../command.ts';
import { DEBUGGER_GROUP } from '../flags/debugger.ts';
import { FACTS_GROUP, printDocument } from '../flags/facts.ts';
import { noteUnknown, readFacts } from '../readFacts.ts';

export const whoCommand = command({
  description:
    'Find what an address, interface, process, network namespace or container belongs to.\n\n' +
    'THING is an IP address, a MAC address, a process id, the name or index of an interface, the inode or name of a network namespace, or the id of a container. Without NODE (node/worker-1), all nodes are searched. The exit code is 1 if nothing is found.',
  examples: [
    ['who 10.244.1.7', 'Find the pod, service or node that has an address'],
    ['who veth1234abcd node/worker-1', 'Find the owner of an interface'],
    ['who 4026532308', 'Find the pod of a network namespace that lsns lists'],
  ],
  arguments: [{ name: 'THING', required: true }, { name: 'NODE' }],
  flags: [FACTS_GROUP, DEBUGGER_GROUP],
  run: async ({ flags, args: [thingText = '', node] }) => {
    const thing = parseThing(thingText);
    if (node !== undefined && !/^(?:nodes?|no)\//.test(node))
      throw wrongUsage(`"${node}" is not a node`, 'as in: node/worker-1');
    const { facts } = await readFacts(flags, {
      command: 'who',
      target: node,
      scope: 'all',
      services: thing.kind === 'address',
      allPods: true,
      cni: thing.kind === 'container',
      // The API server knows pods, services and nodes.
      withoutNodes: thing.kind === 'address' || thing.kind === 'container',
    });
    const owners = findOwners(facts, thing);
    const findings = thing.kind === 'address' ? duplicateOwners(owners, thing.address) : [];
    if (flags.output === 'json' || flags.output === 'yaml') {
      await printDocument({ owners, findings }, facts, flags.output);
      return owners.length > 0 ? 0 : 1;
    }
    noteUnknown(facts);
    if (owners.length === 0)
      throw new Problem(`nothing matches "${thingText}"`, {
        kind: 'not-found',
        next: [
          ...(node === undefined ? [] : ['leave out the node to search all of them']),
          thing.kind === 'address'
            ? 'the addresses of pods that have ended cannot be found'
            : 'THING is an address, a MAC address, or the name or number of a process, interface, network namespace or container',
        ],
      });
    await print(ownerTable(owners, flags.output === 'wide'));
    await print(renderFindings(findings));
    return 0;
  },
});
