import { explainRefusal } from '../../debugger/refusals.ts';
import type { KubeApi } from '../../kube/api.ts';
import { mapLimited } from '../../kube/mapLimited.ts';
import type { Target } from '../../kube/targets/parseTargets.ts';
import {
  leftOutText,
  type ResolvedTargets,
  resolveTargets,
} from '../../kube/targets/resolveTargets.ts';
import { Problem, wrongUsage } from '../../problem.ts';
import { checkCaptureName } from './detachedContainer.ts';
import {
  type DetachedRequest,
  newCaptureName,
  type StartedCapture,
  startDetached,
} from './startDetached.ts';

export interface PodsRequest extends DetachedRequest {
  readonly targets: readonly Target[];
  readonly maxPods: number;
  readonly onNote: (text: string) => void;
}

export interface StartedInPods {
  readonly started: readonly [StartedCapture, ...StartedCapture[]];
  /** Pods in which none was started, beside those in which one was. */
  readonly failures: readonly { readonly pod: string; readonly error: Problem }[];
}

/** How many captures are started at once. */
const AT_ONCE = 8;

/**
 * Starts a detached capture in each pod that the targets stand for, all of one name. Throws a Problem
 * when none was started; those that were stay when others fail.
 */
export async function startInPods(api: KubeApi, request: PodsRequest): Promise<StartedInPods> {
  const { maxPods, signal, onNote, onProgress } = request;
  if (request.via === 'node' || request.targets.some(({ kind }) => kind === 'node'))
    throw notOnNodes();
  if (request.name !== undefined) checkCaptureName(request.name);
  const resolved = await resolve(api, request.targets, { maxPods, signal });
  const { pods } = resolved;
  const leftOut = leftOutText(resolved);
  if (leftOut !== undefined) onNote(leftOut);
  const name = pods.length === 1 ? request.name : (request.name ?? newCaptureName(pods));
  const failures: { pod: string; error: Problem }[] = [];
  const results = await mapLimited(pods, AT_ONCE, async (pod) => {
    try {
      return await startDetached(api, pod, {
        ...request,
        ...(name !== undefined && { name }),
        onProgress: (text) =>
          onProgress(pods.length === 1 ? text : `${pod.metadata.name}: ${text}`),
      });
    } catch (error) {
      // Whoever is interrupted must know what was started already.
      if (pods.length === 1) throw error;
      failures.push({ pod: pod.metadata.name, error: problemOf(error, signal) });
      return undefined;
    }
  });
  const [first, ...others] = results.filter((result) => result !== undefined);
  if (first) return { started: [first, ...others], failures };
  signal.throwIfAborted();
  throw failures[0]?.error;
}

function notOnNodes(): Problem {
  return wrongUsage(
    'a capture that goes on by itself is made in a pod: not on a node, nor by way of one, so far',
    'leave out --detach and keep the command running, as in: capture node/NAME -C 100 -W 10 -w FOLDER',
  );
}

async function resolve(
  api: KubeApi,
  targets: readonly Target[],
  options: { readonly maxPods: number; readonly signal: AbortSignal },
): Promise<ResolvedTargets> {
  try {
    return await resolveTargets(api, targets, options);
  } catch (error) {
    throw explainRefusal(error, api.access.namespace);
  }
}

function problemOf(error: unknown, signal: AbortSignal): Problem {
  if (error instanceof Problem) return error;
  if (signal.aborted) return new Problem('interrupted before it was seen to record');
  throw error;
}
