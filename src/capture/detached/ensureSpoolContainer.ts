import { ensureDebugger } from '../../debugger/accessLevel.ts';
import type { ContainerRef } from '../../debugger/leasedProcess.ts';
import type { KubeApi } from '../../kube/api.ts';
import type { PullPolicy } from '../../kube/pod.ts';
import { Problem } from '../../problem.ts';
import type { DetachedCapture } from './captures.ts';
import { startWindowText } from './detachedRequest.ts';
import { containerRefOf } from './detachedSpool.ts';

/** Idle seconds after which a debugger that was created to reach a volume exits. */
const DEBUGGER_TTL_S = 600;
const PULL_POLICY: PullPolicy = 'IfNotPresent';

/**
 * The container through which a capture's spool can be reached: its own container or, if that is lost and the spool is
 * on a volume, a debugger with that volume. Throws a Problem that tells when and why nothing is left.
 */
export async function ensureSpoolContainer(
  api: KubeApi,
  capture: DetachedCapture,
  options: { signal: AbortSignal; onProgress: (text: string) => void },
): Promise<ContainerRef> {
  const { state, volume, pod, image } = capture;
  if (state.kind !== 'lost' || volume === undefined) {
    checkHasSpool(capture);
    return containerRefOf(capture);
  }
  options.onProgress(
    `the container of capture "${capture.name}" is lost; starting another container to read its volume`,
  );
  return ensureDebugger(
    api,
    pod,
    {
      profile: 'network',
      image,
      pullPolicy: PULL_POLICY,
      ttl: DEBUGGER_TTL_S,
      volume,
      via: 'ephemeral',
    },
    options,
  );
}

/** Throws a Problem that explains why the files of a capture without a running container cannot be read. */
export function checkHasSpool(capture: DetachedCapture): void {
  const { name, state, container, pod } = capture;
  const when = 'at' in state && state.at !== undefined ? ` at ${state.at}` : '';
  const describe = `kubectl describe pod ${pod.metadata.name} -n ${pod.metadata.namespace}`;
  switch (state.kind) {
    case 'running':
      return;
    case 'starting':
      throw new Problem(
        `capture "${name}" has not started: ${state.reason ?? 'it is still waiting'}`,
        {
          kind: 'not-started',
          next: [`${describe}   shows what it is waiting for`, startWindowText(capture)],
        },
      );
    case 'lost':
      throw new Problem(`the recording of capture "${name}" is lost${when}: ${state.why}`, {
        kind: 'lost',
        next: [
          'to keep a recording even if its container is lost, record on a volume of the pod: --volume NAME',
          `${describe}   shows more about container ${container}`,
        ],
      });
    case 'removed':
      throw new Problem(
        `capture "${name}" was removed${when}: by another user, or when its time to live expired`,
        { kind: 'lost' },
      );
  }
}
