import { explainRefusal } from '../../debugger/refusals.ts';
import type { KubeApi } from '../../kube/api.ts';
import { mapLimited } from '../../kube/mapLimited.ts';
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
  /** Whether packet filters are read; the pool must have been made for it. */
  readonly rules: boolean;
  /** Whether files of CNI plugins are read. */
  readonly cni: boolean;
  /** Whether the values of annotations in those files are kept. */
  readonly showAnnotations?: boolean;
  /** Addresses whose tracked connections are read. */
  readonly addresses?: readonly string[];
  /** Where packets may go: the kernels are asked for these routes at once. */
  readonly pairs?: readonly AddressPair[];
  readonly objects: ObjectsRequest;
  /** Objects that were read before: the API server is not asked again. */
  readonly known?: Awaited<ReturnType<typeof readObjects>>;
  readonly signal?: AbortSignal;
}

/** Addresses as the API server has them. */
export interface AddressPair {
  readonly to: string;
  readonly from: string;
}

export interface NodeRequest {
  readonly name: string;
  /** Of which namespaces devices, addresses, routes and neighbours are read. */
  readonly scope: 'all' | 'chosen';
  /**
   * Namespaces that are read in full, beside the node's own: by UIDs of pods, ids of containers, inodes, or
   * `all`.
   */
  readonly chosen: readonly string[];
}

/** How many nodes are asked at once. */
const AT_ONCE = 16;

/**
 * Collects the facts of nodes, each in one round trip, and of the API server meanwhile. Of several nodes one
 * that fails is listed in `unknown`; throws when none could be read.
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
    mapLimited(request.nodes, AT_ONCE, async (node) => {
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
    request.known ?? readObjects(api, request.objects, request.signal),
  ]);
  const found = nodes.filter((node): node is NodeFacts => node !== undefined);
  if (found.length === 0 && errors.length > 0) throw errors[0];
  return nameOwners({
    format: FACTS_FORMAT,
    collectedAt,
    nodes: found,
    objects: read.objects,
    unknown: [...unknown, ...read.unknown],
  });
}

async function collectNode(
  pool: FactsPool,
  { name, scope, chosen }: NodeRequest,
  { rules, cni, showAnnotations = false, addresses = [], pairs = [] }: FactsRequest,
): Promise<NodeFacts> {
  const words = chosen.filter(isWord);
  if (words.length < chosen.length)
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

/** UIDs, hexadecimal ids and inodes: what the script may take as one word. */
function isWord(word: string): boolean {
  return /^[\w-]+$/.test(word);
}
