import type { KubeApi } from '../../kube/api.ts';
import { type Pod, podsPath } from '../../kube/pod.ts';
import type { DebuggerRequest } from '../container.ts';
import type { Debugger } from '../place.ts';
import type { AccessOptions } from '../start.ts';
import { nodeDebugger } from './nodeDebugger.ts';
import {
  isKeptFor,
  NODE_CONTAINER,
  NODE_SELECTOR,
  type NodeTarget,
  namespaceFor,
} from './nodePod.ts';

export interface FactsDebuggerOptions extends AccessOptions {
  /** Without AppArmor's profile, where that hides the node's processes. */
  readonly unconfined?: boolean;
  /** Never one that was kept, after such a one could not be used. */
  readonly anew?: boolean;
}

/**
 * A debugger that reads the state of a node, with the profile `facts` or `rules`: one that an earlier command
 * has kept, else a new one. Throws as `nodeDebugger` does. Close it.
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
    return items.find((pod) => isKeptFor(pod, request));
  } catch {
    // Users who may not list pods get a new one each time.
    signal?.throwIfAborted();
    return undefined;
  }
}
