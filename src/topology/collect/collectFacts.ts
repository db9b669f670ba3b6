import { explainRefusal } from '../../debugger/refusals.ts';
import type { KubeApi } from '../../kube/api.ts';
import { mapConcurrently } from '../../kube/mapConcurrently.ts';
import { messageOf, Problem } from '../../problem.ts';
import { type ClusterFacts, FACTS_FORMAT } from '../model/clusterFacts.ts';
import type { NodeFacts } from '../model/nodeFacts.ts';
import type { Unknown } from '../model/unknown.ts';
import { type ObjectsRequest, readObjects } from './apiObjects.ts';
import collectScript from './collect.sh';
import type { FactsPool } from './factsPool.ts';
import insideScript from './inside.sh';
import { nameOwners } from './nameOwners.ts';
import { nodeFactsOf } from './nodeFacts.ts';

export interface FactsRequest {
  readonly nodes: readonly NodeRequest[];
  /** Whether to read packet filters; the pool must have been created for it. */
  readonly rules: boolean;
  /** Whether to read the files of CNI plugins. */
  readonly cni: boolean;
  /** Whether to keep the values of annotations in these files. */
  readonly showAnnotations?: boolean;
  /** Addresses whose connection tracking entries are read. */
  readonly addresses?: readonly string[];
  /** Pairs of addresses to ask the kernels for routes during collection. */
  readonly pairs?: readonly AddressPair[];
  readonly objects: ObjectsRequest;
  /** Objects that were already read, so that the API server is not queried again. */
  readonly objectsRead?: Awaited<ReturnType<typeof readObjects>>;
  readonly signal?: AbortSignal;
}

/** Two addresses, in the API server's notation. */
export interface AddressPair {
  readonly to: string;
  readonly from: string;
}

export interface NodeRequest {
  readonly name: string;
  /** Which namespaces to read devices, addresses, routes and neighbours of. */
  readonly scope: 'all' | 'chosen';
  /** Namespaces to read in full besides the node's own: pod UIDs, container ids, inodes, or `all`. */
  readonly namespaces: readonly string[];
}

/** How many nodes are queried at the same time. */
const MAX_PARALLEL_NODES = 16;

/**
 * Collects the facts of nodes, with one round trip each, and of the API server at the same time. A node that fails
 * is listed in `unknown`. Throws if every node fails.
 */
export async function collectFacts(
  api: KubeApi,
  pool: FactsPool,
  request: FactsRequest,
): Promise<ClusterFacts> {
  const collectedAt = new Date().toISOString();
  const unknown: Unknown[] = [];
  const errors: unknown[] = [];
  const [nodes, read] = await Promise.all([
    mapConcurrently(request.nodes, MAX_PARALLEL_NODES, async (node) => {
      try {
        return await collectNode(pool, node, request);
      } catch (error) {
        request.signal?.throwIfAborted();
        const explained = explainRefusal(error);
        errors.push(explained);
        unknown.push({ what: 'node', node: node.name, why: messageOf(explained) });
        return undefined;
      }
    }),
    request.objectsRead ?? readObjects(api, request.objects, request.signal),
  ]);
  const nodesRead = nodes.filter((node): node is NodeFacts => node !== undefined);
  if (nodesRead.length === 0 && errors.length > 0) throw errors[0];
  return nameOwners({
    format: FACTS_FORMAT,
    collectedAt,
    nodes: nodesRead,
    objects: read.objects,
    unknown: [...unknown, ...read.unknown],
  });
}

async function collectNode(
  pool: FactsPool,
  { name, scope, namespaces }: NodeRequest,
  { rules, cni, showAnnotations = false, addresses = [], pairs = [] }: FactsRequest,
): Promise<NodeFacts> {
  const words = namespaces.filter(isWord);
  if (words.length < namespaces.length)
    throw new Problem(`node "${name}": a pod has an invalid id`, { kind: 'damaged' });
  const sections = await pool.run(
    name,
    collectScript,
    [insideScript],
    [
      ...[scope, rules ? 'rules' : '-', cni ? 'cni' : '-'],
      ...[String(words.length), ...words, ...addresses],
      ...pairs.map(({ to, from }) => `${to},${from}`),
    ],
  );
  return nodeFactsOf(sections, { name, showAnnotations });
}

/** UIDs, hexadecimal ids and inodes, which are safe as one word of the script. */
function isWord(word: string): boolean {
  return /^[\w-]+$/.test(word);
}
