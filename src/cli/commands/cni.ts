import { print } from '../../output/standardOutput.ts';
import { Problem, wrongUsage } from '../../problem.ts';
import { cniReport } from '../../topology/cni/cniReport.ts';
import { renderCni } from '../../topology/cni/renderCni.ts';
import { command } from '../command.ts';
import { DEBUGGER_GROUP } from '../flags/debugger.ts';
import { FACTS_GROUP, printDocument } from '../flags/facts.ts';
import { TARGET } from '../flags/targets.ts';
import { noteUnknown, readFacts } from '../readFacts.ts';

export const cniCommand = command({
  description:
    'Show the CNI configuration of a node, the cached results of its plugins, and address leases. Report where they contradict each other, the live interfaces or the node object.\n\n' +
    'TARGET is a node (node/worker-1) or a pod. For a pod, its cached results are decoded.',
  examples: [
    ['cni node/worker-1', 'Show configuration, results and leases, and problems with them'],
    ['cni pod-1', 'Show the input of the plugins for a pod, and their results'],
  ],
  arguments: [TARGET],
  flags: [
    {
      title: FACTS_GROUP.title,
      flags: {
        ...FACTS_GROUP.flags,
        'show-annotations': { help: 'Show the values of pod annotations, which may hold secrets' },
      },
    },
    DEBUGGER_GROUP,
  ],
  run: async ({ flags, args: [word] }) => {
    if (word === undefined && flags.from === undefined)
      throw wrongUsage(
        'TARGET is required: a node or a pod',
        'as in: cni node/worker-1, cni pod-1',
      );
    const { facts, subject } = await readFacts(flags, {
      command: 'cni',
      target: word,
      scope: 'all',
      services: false,
      allPods: false,
      cni: true,
      showAnnotations: flags['show-annotations'],
    });
    const nodes = subject.kind === 'nodes' ? subject.nodes : [subject.node];
    if (facts.nodes.every(({ cni }) => cni === undefined)) {
      noteUnknown(facts);
      throw new Problem('the files of CNI plugins were not read', { kind: 'no-facts' });
    }
    const pod = subject.kind === 'pod' ? subject : undefined;
    const report = cniReport(facts, nodes, pod);
    if (flags.output === 'json' || flags.output === 'yaml') {
      await printDocument({ ...report }, facts, flags.output);
      return 0;
    }
    noteUnknown(facts);
    await print(
      renderCni(report, {
        wide: flags.output === 'wide',
        ofPod: pod !== undefined,
        now: Date.parse(facts.collectedAt),
        nodes: facts.nodes.filter(({ name }) => nodes.includes(name)),
      }),
    );
    return 0;
  },
});
