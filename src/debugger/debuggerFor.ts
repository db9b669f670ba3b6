import type { KubeApi } from '../kube/api.ts';
import type { FoundTarget } from '../kube/targets/foundTarget.ts';
import { ensureDebugger, ensureNodeDebugger } from './accessLevel.ts';
import type { DebuggerRequest } from './container.ts';
import type { Debugger } from './place.ts';
import type { AccessOptions } from './start.ts';

/** A debugger for a target, as `ensureDebugger` gives it. */
export function debuggerFor(
  api: KubeApi,
  found: FoundTarget,
  request: DebuggerRequest,
  options: AccessOptions,
): Promise<Debugger> {
  return found.pod
    ? ensureDebugger(api, found.pod, request, options)
    : ensureNodeDebugger(api, found.node, request, options);
}
