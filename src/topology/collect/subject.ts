import { podIdentifiers } from '../../debugger/node/nodePod.ts';
import type { KubeApi } from '../../kube/api.ts';
import { listAll } from '../../kube/listAll.ts';
import { onePod } from '../../kube/targets/oneTarget.ts';
import { parseTarget, targetInNamespace } from '../../kube/targets/parseTargets.ts';
import type { Notice } from '../../notice.ts';
import { Problem, wrongUsage } from '../../problem.ts';
import type { ClusterFacts } from '../model/clusterFacts.ts';
import type { RawNode } from './objectRecords.ts';

/** What a command examines: one pod, one node, or every node. */
export type Subject =
  | {
      readonly kind: 'pod';
      readonly namespace: string;
      readonly name: string;
      readonly uid: string;
      readonly node: string;
      /** The words by which collect.sh finds the pod's namespace. */
      readonly words: readonly string[];
    }
  | { readonly kind: 'node'; readonly node: string }
  | { readonly kind: 'nodes'; readonly nodes: readonly string[] };

/** The most nodes that get a pod without being named. */
const MAX_NODES = 10;

export interface SubjectOptions {
  /** The namespace of a pod that is named without one. */
  readonly currentNamespace: string;
  readonly signal: AbortSignal;
  readonly onNote: (notice: Notice) => void;
  /** Whether to enter no node if there are too many; otherwise, too many nodes are a Problem. */
  readonly withoutNodes: boolean;
}

/** Finds the pod or node that a word names; without a word, all nodes. Throws a Problem. */
export async function findSubject(
  api: KubeApi,
  word: string | undefined,
  options: SubjectOptions,
): Promise<Subject> {
  if (word === undefined) return findAllNodes(api, options);
  const target = targetInNamespace(parseTarget(word), options.currentNamespace);
  if (target.kind === 'node') return { kind: 'node', node: target.name };
  const pod = await onePod(api, [target], options);
  const { nodeName: node } = pod.spec;
  if (node === undefined)
    throw new Problem(`pod "${pod.metadata.name}" is not on a node yet, so it has no network`, {
      kind: 'unsuitable',
    });
  const { name, uid } = pod.metadata;
  const { uids, containers } = podIdentifiers(pod);
  return {
    kind: 'pod',
    namespace: pod.metadata.namespace,
    name,
    uid,
    node,
    words: [...uids, ...containers],
  };
}

async function findAllNodes(
  api: KubeApi,
  { signal, onNote, withoutNodes }: SubjectOptions,
): Promise<Subject> {
  const nodes = await listAll<RawNode>(api, '/api/v1/nodes', {}, signal);
  const usable = nodes.filter(({ status }) => {
    const ready = status?.conditions?.find(({ type }) => type === 'Ready');
    return (
      ready?.status !== 'False' &&
      ready?.status !== 'Unknown' &&
      (status?.nodeInfo?.operatingSystem ?? 'linux') === 'linux'
    );
  });
  if (usable.length > MAX_NODES && withoutNodes) {
    onNote({
      kind: 'narrowed',
      text: `note: there are ${usable.length} nodes, so only the API server is queried; add node/NAME to inspect one of them`,
    });
    return { kind: 'nodes', nodes: [] };
  }
  if (usable.length > MAX_NODES)
    throw wrongUsage(
      `there are ${usable.length} nodes, and a pod would be created on each of them`,
      'choose a node (node/NAME) or a pod',
    );
  return { kind: 'nodes', nodes: usable.map(({ metadata }) => metadata.name) };
}

/** Finds what a word names in facts that were read before. Throws a Problem if it is not among them. */
export function findSubjectInDump(
  facts: ClusterFacts,
  word: string | undefined,
  currentNamespace: string | undefined,
): Subject {
  if (word === undefined) return { kind: 'nodes', nodes: facts.nodes.map(({ name }) => name) };
  const target = parseTarget(word);
  if (target.kind === 'node') {
    const node = facts.nodes.find(({ name }) => name === target.name);
    if (!node) throw notInDumpProblem(`node "${target.name}"`);
    return { kind: 'node', node: node.name };
  }
  if (target.kind !== 'pod') throw wrongUsage(`${word}: with --from, use a pod or node/NAME`);
  const { namespace = currentNamespace } = target;
  const pods = (facts.objects.pods ?? []).filter(
    (pod) => pod.name === target.name && (namespace === undefined || pod.namespace === namespace),
  );
  const [pod, another] = pods;
  if (!pod || pod.node === undefined) throw notInDumpProblem(`pod "${word}"`);
  if (another)
    throw wrongUsage(
      `${word}: ${pods.length} namespaces have a pod of this name`,
      `choose one: ${pods.map((candidate) => `${candidate.namespace}/${candidate.name}`).join(', ')}`,
    );
  const { name, uid, node } = pod;
  return { kind: 'pod', namespace: pod.namespace, name, uid, node, words: [] };
}

function notInDumpProblem(what: string): Problem {
  return new Problem(`${what} is not in the file`, {
    kind: 'not-found',
    next: ['leave out the name to list everything'],
  });
}
