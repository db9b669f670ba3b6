import type { KubeApi } from '../kube/api.ts';
import type { ResolvedTarget } from '../kube/targets/resolvedTarget.ts';
import { Problem } from '../problem.ts';
import { ensureDebugger } from './accessLevel.ts';
import type { DebuggerRequest } from './container.ts';
import type { Debugger } from './debugger.ts';
import { nodeDebugger } from './node/nodeDebugger.ts';
import type { AccessOptions } from './start.ts';

/** Returns a debugger for a target; see `ensureDebugger`. */
export async function debuggerFor(
  api: KubeApi,
  target: ResolvedTarget,
  request: DebuggerRequest,
  options: AccessOptions,
): Promise<Debugger> {
  if (target.pod) return ensureDebugger(api, target.pod, request, options);
  if (request.via === 'ephemeral')
    throw new Problem(`node "${target.node}" has no containers: --via ephemeral is for pods`, {
      exitCode: 2,
    });
  return nodeDebugger(api, target, request, options);
}
