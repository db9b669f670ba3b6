import { namespaceFor } from '../../debugger/node/nodePod.ts';
import { StartSlots } from '../../debugger/startSlots.ts';
import type { KubeApi } from '../../kube/api.ts';
import type { Target } from '../../kube/targets/parseTargets.ts';
import { type ResolvedTarget, targetNames, targetNode } from '../../kube/targets/resolvedTarget.ts';
import { resolveTargets, skippedNotice } from '../../kube/targets/resolveTargets.ts';
import type { Notice } from '../../notice.ts';
import { Problem } from '../../problem.ts';
import { listNodePods, newCaptureName } from './captureNames.ts';
import { checkCaptureName } from './detachedContainer.ts';
import type { DetachedRequest } from './detachedRequest.ts';
import { startDetached } from './startDetached.ts';
import type { StartedCapture } from './startedCapture.ts';

export interface CapturesRequest extends DetachedRequest {
  readonly targets: readonly Target[];
  readonly maxPods: number;
  readonly onNote: (notice: Notice) => void;
}

interface StartFailure {
  /** `pod "web-1"`, `node "worker-1"`. */
  readonly target: string;
  /** The target's name, as in tables. */
  readonly name: string;
  readonly error: Problem;
}

export interface StartedCaptures {
  readonly started: readonly [StartedCapture, ...StartedCapture[]];
  /** Targets whose capture could not be started, if others were. */
  readonly failures: readonly StartFailure[];
}

/**
 * Starts a detached capture, with the same name, of each pod and node that matches the targets. Throws a Problem if
 * none could be started. If only some fail, the others are kept.
 */
export async function startCaptures(
  api: KubeApi,
  request: CapturesRequest,
): Promise<StartedCaptures> {
  const { maxPods, signal, onNote, onProgress } = request;
  if (request.name !== undefined) checkCaptureName(request.name);
  const resolved = await resolveTargets(api, request.targets, { maxPods, signal });
  const targets = resolved.targets;
  const skipped = skippedNotice(resolved);
  if (skipped) onNote(skipped);
  const isOne = targets.length === 1;
  const name = isOne
    ? request.name
    : (request.name ?? (await newSharedName(api, targets, request)));
  const failures: StartFailure[] = [];
  const nameOf = targetNames(targets);
  const slots = new StartSlots();
  const starting = targets.map(async (target) => {
    const targetText = target.pod ? `pod "${target.pod.metadata.name}"` : `node "${target.node}"`;
    const labelled = (text: string) => (isOne ? text : `${targetText}: ${text}`);
    let started = () => {};
    try {
      started = await slots.take(targetNode(target), signal);
      return await startDetached(api, target, {
        ...request,
        ...(name !== undefined && { name }),
        onProgress: (text) => onProgress(labelled(text)),
        onNote: (notice) => onNote(isOne ? notice : { ...notice, target: nameOf(target) }),
      });
    } catch (error) {
      // A user who interrupts the start of several captures must be told which ones are already running.
      if (isOne) throw error;
      failures.push({ target: targetText, name: nameOf(target), error: toProblem(error, signal) });
      return undefined;
    } finally {
      started();
    }
  });
  const results = await Promise.all(starting);
  const [first, ...others] = results.filter((result) => result !== undefined);
  if (first) return { started: [first, ...others], failures };
  signal.throwIfAborted();
  throw failures[0]?.error;
}

/**
 * A name that is used neither by a capture of these pods nor by one on a node in the namespaces where captures may be
 * started.
 */
async function newSharedName(
  api: KubeApi,
  targets: readonly ResolvedTarget[],
  request: CapturesRequest,
): Promise<string> {
  const pods = targets.flatMap(({ pod }) => pod ?? []);
  const namespaces = targets.map((target) =>
    namespaceFor(target.pod ? target.pod.metadata : target, request),
  );
  return newCaptureName([
    ...pods,
    ...(await listNodePods(api, new Set(namespaces), request.signal)),
  ]);
}

function toProblem(error: unknown, signal: AbortSignal): Problem {
  if (error instanceof Problem) return error;
  if (signal.aborted)
    return new Problem('interrupted before the start of the recording was confirmed', {
      kind: 'interrupted',
    });
  throw error;
}
