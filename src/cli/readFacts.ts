import { NodeRefused } from '../debugger/noEphemeral.ts';
import { messageOf, wrongUsage } from '../problem.ts';
import { collectFacts, type NodeRequest } from '../topology/collect/collectFacts.ts';
import { FactsPool } from '../topology/collect/factsPool.ts';
import { readPodSide } from '../topology/collect/podSide.ts';
import { findSubject, findSubjectInDump, type Subject } from '../topology/collect/subject.ts';
import { type ClusterFacts, newFacts } from '../topology/model/clusterFacts.ts';
import { connect } from './connect.ts';
import { notify, statusLine } from './console.ts';
import type { ConnectionValues } from './flags/connection.ts';
import type { DebuggerValues } from './flags/debugger.ts';
import { type FactsValues, keepNodeOption, readFactsFile } from './flags/facts.ts';
import { onInterruption } from './interruption.ts';
import { debuggerSettings } from './settings.ts';

export interface FactsOptions {
  /** The name of the command. It helps people who find its pods in the cluster. */
  readonly command: string;
  /** The target as the user wrote it. */
  readonly target: string | undefined;
  /** The namespaces whose devices and routes are read. */
  readonly scope: NodeRequest['scope'];
  /** Whether services are read from the API server. */
  readonly services: boolean;
  /** Whether pods of all nodes are read from the API server, or only those of the relevant nodes. */
  readonly allPods: boolean;
  /** Whether the files of CNI plugins are read. */
  readonly cni: boolean;
  readonly showAnnotations?: boolean;
  /** Whether to query only the API server if there are too many nodes to enter all of them. */
  readonly withoutNodes?: boolean;
  /** Whether to read only the pod's own side if no pod may be created on its node. */
  readonly allowPodSide?: boolean;
}

type Flags = ConnectionValues & DebuggerValues & FactsValues;

/** The facts that a command needs, from the cluster or from a file, and the subject of its target in them. */
export async function readFacts(
  flags: Flags,
  options: FactsOptions,
): Promise<{ readonly facts: ClusterFacts; readonly subject: Subject }> {
  if (flags.from !== undefined) {
    const facts = await readFactsFile(flags.from);
    return { facts, subject: findSubjectInDump(facts, options.target, flags.namespace) };
  }
  const settings = debuggerSettings(flags);
  const { api, namespace } = await connect(flags);
  const interruption = onInterruption();
  const { signal } = interruption;
  const line = statusLine();
  let pool: FactsPool | undefined;
  try {
    const subject = await findSubject(api, options.target, {
      signal,
      onNote: notify,
      currentNamespace: namespace,
      withoutNodes: options.withoutNodes === true,
    });
    const nodes = subjectNodes(subject);
    pool = new FactsPool(api, {
      settings,
      namespace,
      command: options.command,
      rules: false,
      ...keepNodeOption(flags),
      onNote: notify,
      onProgress: (text) => line.wait(text),
      signal,
    });
    const callbacks = { onNote: notify, onProgress: (text: string) => line.wait(text), signal };
    const readOnlyPodSide = async (why: string): Promise<ClusterFacts> => {
      if (subject.kind !== 'pod' || !options.allowPodSide)
        throw wrongUsage(
          '--via ephemeral cannot be used: this command reads the state of nodes',
          'leave out --via',
        );
      const { command } = options;
      const node = await readPodSide(api, subject, { settings, command, why, ...callbacks });
      return newFacts({}, [], [node]);
    };
    if (settings.via === 'ephemeral')
      return { facts: await readOnlyPodSide('--via ephemeral'), subject };
    const facts = await collectFacts(api, pool, {
      nodes: nodes.map((name) => ({
        name,
        scope: options.scope,
        namespaces: subject.kind === 'pod' ? subject.words : [],
      })),
      rules: false,
      cni: options.cni,
      showAnnotations: options.showAnnotations === true,
      objects: {
        namespace,
        ...(!options.allPods && { nodes }),
        services: options.services,
        policies: false,
      },
      signal,
    }).catch((error: unknown) => {
      const canFallBack = options.allowPodSide && subject.kind === 'pod' && settings.via !== 'node';
      if (!canFallBack || !(error instanceof NodeRefused)) throw error;
      return readOnlyPodSide(messageOf(error));
    });
    return { facts, subject };
  } finally {
    line.clear();
    await pool?.close();
    interruption.release();
    api.close();
  }
}

function subjectNodes(subject: Subject): readonly string[] {
  return subject.kind === 'nodes' ? subject.nodes : [subject.node];
}

/** Reports on standard error what could not be read, once each. Programs find it in the facts. */
export function noteUnknown(facts: ClusterFacts): void {
  const all = [
    ...facts.unknown,
    ...facts.nodes.flatMap(({ name, unknown, namespaces }) =>
      [...unknown, ...namespaces.flatMap((namespace) => namespace.unknown)].map((part) => ({
        ...part,
        node: name,
      })),
    ),
  ];
  const texts = all.map(({ what, why, node, needs }) => {
    const place = node === undefined ? '' : ` on ${node}`;
    // The reason why a whole node is unknown begins with its name.
    const subject = what === 'node' ? '' : `${what}${place}: `;
    return `unknown: ${subject}${why}${needs === undefined ? '' : ` (needs ${needs})`}`;
  });
  for (const text of new Set(texts)) notify({ kind: 'incomplete', text });
}
