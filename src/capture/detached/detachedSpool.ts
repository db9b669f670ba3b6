import { hasContainerEnded } from '../../debugger/containerEnd.ts';
import type { ContainerRef } from '../../debugger/leasedProcess.ts';
import { runProgram } from '../../debugger/runProgram.ts';
import type { KubeApi } from '../../kube/api.ts';
import { ignoreNotFound } from '../../kube/apiError.ts';
import { ExecProblem } from '../../kube/execStatus.ts';
import { podPath } from '../../kube/pod.ts';
import { isContainerMissing, retryUnreachable } from '../../kube/retryUnreachable.ts';
import { Problem } from '../../problem.ts';
import { PodSpool } from '../fetch/podSpool.ts';
import { FETCH_LIMITS, SpoolAccess } from '../fetch/spoolAccess.ts';
import spoolScript from '../spool/spool.sh';
import type { DetachedCapture } from './captures.ts';

export function containerRefOf({ pod: { metadata }, container }: DetachedCapture): ContainerRef {
  return { namespace: metadata.namespace, pod: metadata.name, container };
}

/**
 * The node on which a capture's container is running; empty if it is not running, because no node has to answer then.
 */
export function nodeOfCapture({ pod, state }: DetachedCapture): string {
  return state.kind === 'running' ? (pod.spec.nodeName ?? '') : '';
}

/** The spool of a capture with a running container, with a limit for every wait. */
export function spoolAccessOf(
  api: KubeApi,
  capture: DetachedCapture,
  signal: AbortSignal,
  limits = FETCH_LIMITS,
): SpoolAccess {
  const spool = new PodSpool(api, containerRefOf(capture), capture.pod.metadata.uid, capture.spool);
  return new SpoolAccess(spool, limits, signal);
}

/** Ends a capture's recording. Throws a Problem if it does not end. */
export async function stopCapture(
  api: KubeApi,
  capture: DetachedCapture,
  signal: AbortSignal,
): Promise<void> {
  const { code, errorText } = await runVerb(api, capture, 'stop', signal);
  if (code !== 0)
    throw new Problem(
      `capture "${capture.name}" cannot be stopped: ${errorText || `exit ${code}`}`,
      {
        kind: 'command-failed',
      },
    );
}

interface RemoveOptions {
  /** The container through which the spool can be reached; the capture's own if absent. */
  readonly ref?: ContainerRef;
  /** Called when the node has done its part and only the report of the container's end is missing. */
  readonly onRequested?: () => void;
}

/** Ends a capture and deletes its files. Throws a Problem if it does not end. */
export async function removeCapture(
  api: KubeApi,
  capture: DetachedCapture,
  signal: AbortSignal,
  options: RemoveOptions = {},
): Promise<void> {
  const { namespace, name } = capture.pod.metadata;
  if (capture.isOnNode)
    await api.delete(podPath(namespace, name), { signal }).catch(ignoreNotFound);
  else await endContainer(api, capture, signal, options);
}

/**
 * The capture's container ends with the recorder, and ends our command in it too, so only the pod's status proves the
 * end.
 */
async function endContainer(
  api: KubeApi,
  capture: DetachedCapture,
  signal: AbortSignal,
  { ref = containerRefOf(capture), onRequested }: RemoveOptions,
): Promise<void> {
  if (capture.state.kind === 'lost') {
    await runVerb(api, capture, 'remove', signal, ref);
    return;
  }
  const result = await retryUnreachable(
    () => runVerb(api, capture, 'remove', signal, ref),
    signal,
  ).catch((error: unknown) => {
    signal.throwIfAborted();
    // A container that has just ended cannot be entered; the pod's status proves the end below.
    if (!(error instanceof ExecProblem || isContainerMissing(error))) throw error;
    return undefined;
  });
  onRequested?.();
  if (!(await hasContainerEnded(api, capture.pod, capture.container, signal)))
    throw new Problem(
      `capture "${capture.name}" has not been removed yet${result?.errorText ? `: ${result.errorText}` : ''}`,
      { kind: 'command-failed', next: ['run the same command again'] },
    );
}

async function runVerb(
  api: KubeApi,
  capture: DetachedCapture,
  verb: 'stop' | 'remove',
  signal: AbortSignal,
  ref = containerRefOf(capture),
): Promise<{ code: number; errorText: string }> {
  const program = { script: spoolScript, command: [verb, `spool=${capture.spool}`] };
  const { code, stderr } = await runProgram(api.access, ref, program, { signal });
  return { code, errorText: stderr.trim() };
}
