import type { KubeApi } from '../../kube/api.ts';
import { type Pod, podsPath } from '../../kube/pod.ts';
import type { DebuggerRequest } from '../container.ts';
import type { Debugger } from '../debugger.ts';
import type { AccessOptions } from '../start.ts';
import { nodeDebugger } from './nodeDebugger.ts';
import {
  canReuse,
  NODE_CONTAINER,
  NODE_SELECTOR,
  type NodeTarget,
  namespaceFor,
} from './nodePod.ts';

export interface FactsDebuggerOptions extends AccessOptions {
  /** Runs without AppArmor's profile, for nodes where that profile hides the node's processes. */
  readonly unconfined?: boolean;
  /** Never reuses a kept debugger; set after a kept one turned out to be unusable. */
  readonly anew?: boolean;
}

/**
 * Returns a debugger with the profile `facts` or `rules` that reads the state of a node: one that an earlier command
 * kept, otherwise a new one. The caller must close it. Throws like `nodeDebugger`.
 */
export async function factsDebugger(
  api: KubeApi,
  target: NodeTarget,
  request: DebuggerRequest,
  options: FactsDebuggerOptions,
): Promise<Debugger> {
  const kept = options.anew ? undefined : await keptPod(api, target, request, options.signal);
  if (!kept) return nodeDebugger(api, target, request, options);
  const { namespace, name } = kept.metadata;
  return {
    ...{ namespace, pod: name, container: NODE_CONTAINER },
    kind: 'node',
    accessLevel: 'node',
    fresh: false,
    home: kept,
    ofNode: true,
    ownPorts: [],
    close: async () => {},
  };
}

async function keptPod(
  api: KubeApi,
  target: NodeTarget,
  request: DebuggerRequest,
  signal: AbortSignal | undefined,
): Promise<Pod | undefined> {
  const query = { labelSelector: NODE_SELECTOR, fieldSelector: `spec.nodeName=${target.node}` };
  try {
    const { items } = await api.get<{ items: Pod[] }>(podsPath(namespaceFor(target, request)), {
      query,
      ...(signal && { signal }),
    });
    return items.find((pod) => canReuse(pod, request));
  } catch {
    // Without permission to list pods, a new debugger is made each time.
    signal?.throwIfAborted();
    return undefined;
  }
}
