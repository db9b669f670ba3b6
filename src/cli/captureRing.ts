import { join } from 'node:path';
import type { Manifest } from '../capture/manifest.ts';
import { type RingRecording, recordRing } from '../capture/ring/recordRing.ts';
import { targetFileName } from '../capture/sinks/targetFileName.ts';
import { StartSlots } from '../debugger/startSlots.ts';
import type { KubeApi } from '../kube/api.ts';
import { type ResolvedTarget, targetNames, targetNode } from '../kube/targets/resolvedTarget.ts';
import { ProgressBar } from '../output/progressBar.ts';
import { bytesText, elapsedText, sum } from '../output/quantities.ts';
import { Problem } from '../problem.ts';
import { problemMoment } from '../timing.ts';
import { note, notify, statusLine } from './console.ts';
import { reportFetched } from './fetchProgress.ts';
import { FORCED_EXIT_CODE, type Interruption } from './interruption.ts';
import { isInterruption } from './reportError.ts';

type Callbacks = 'progress' | 'onRecording' | 'onState' | 'onProgress';
type RingRequest = Omit<RingRecording, 'interrupt' | 'abandon' | Callbacks>;

/**
 * Records a ring of files for each target, shows progress, and reports the result. With several targets, each gets its
 * own folder in the given one, and a failure of one does not affect the others. Returns the exit code.
 */
export async function captureRing(
  api: KubeApi,
  targets: readonly ResolvedTarget[],
  request: RingRequest,
  interruption: Interruption,
): Promise<number> {
  const terminal = new RingTerminal();
  const slots = new StartSlots();
  const nameOf = targetNames(targets);
  try {
    // If one of them throws, the others must still copy and remove their files.
    const results = await Promise.allSettled(
      targets.map(async (target) => {
        const isSingle = targets.length === 1;
        const name = isSingle ? undefined : nameOf(target);
        const folder =
          name === undefined ? request.folder : join(request.folder, targetFileName(name));
        let onStarted = () => {};
        try {
          onStarted = await slots.take(targetNode(target), interruption.signal);
          const targetRequest = { ...request, folder, onStarted };
          const manifest = await recordOne(
            api,
            target,
            targetRequest,
            interruption,
            terminal,
            name,
          );
          return manifest.endedEarly;
        } catch (error) {
          if (isSingle || !(error instanceof Problem)) throw error;
          problemMoment(error, name);
          terminal.note(`error: ${error.message}`, name);
          for (const step of error.next) terminal.note(`  ${step}`, name);
          return error;
        } finally {
          onStarted();
        }
      }),
    );
    const errors = results.flatMap((result) =>
      result.status === 'rejected' ? [result.reason] : [],
    );
    const failure = errors.find((reason) => !isInterruption(reason));
    // A recorder that was stopped before it started has recorded nothing.
    if (failure !== undefined || (errors.length > 0 && errors.length === results.length))
      throw failure ?? errors[0];
    return results.some((result) => result.status === 'fulfilled' && result.value) ? 1 : 0;
  } catch (error) {
    if (!interruption.abandon.aborted) throw error;
    notify({
      kind: 'abandoned',
      text: 'stopped at once: files that were not copied are deleted in the pod',
    });
    return FORCED_EXIT_CODE;
  } finally {
    terminal.clear();
  }
}

async function recordOne(
  api: KubeApi,
  target: ResolvedTarget,
  { onStarted, ...request }: RingRequest & { readonly onStarted: () => void },
  { signal, abandon }: Interruption,
  terminal: RingTerminal,
  name: string | undefined,
): Promise<Manifest> {
  const { folder } = request;
  const manifest = await recordRing(api, target, {
    ...request,
    interrupt: signal,
    abandon,
    progress: {
      note: (notice) => notify(name === undefined ? notice : { ...notice, target: name }),
      waiting: (text) => terminal.showWaiting(text),
    },
    onRecording: (device, where, ring) => {
      onStarted();
      notify({
        kind: 'capturing',
        text: `recording on ${device} of ${where}: keeping the newest ${ring.files} files of ${bytesText(ring.fileKilobytes * 1000)}, which are copied to ${folder} at the end`,
      });
    },
    onState: ({ held = 0 }) => terminal.showHeld(folder, held),
    onProgress: ({ bytes, totalBytes, seq }) =>
      terminal.showCopied(folder, bytes, totalBytes, `file ${seq}`),
  });
  reportFetched(manifest, folder, name);
  return manifest;
}

/** Prints lines for the user, and one live line for all rings together. */
class RingTerminal {
  readonly #line = statusLine();
  readonly #bar = new ProgressBar(this.#line);
  readonly #held = new Map<string, number>();
  readonly #copied = new Map<string, { readonly done: number; readonly total: number }>();
  #started: number | undefined;

  note(text: string, name?: string): void {
    note(name === undefined ? text : `${name}: ${text}`);
  }

  showWaiting(text: string): void {
    if (this.#started === undefined) this.#line.wait(text);
  }

  showHeld(folder: string, bytes: number): void {
    this.#started ??= Date.now();
    this.#held.set(folder, bytes);
    const where = this.#held.size === 1 ? 'the pod' : `${this.#held.size} pods`;
    const held = bytesText(sum(this.#held.values()));
    this.#line.show(
      `${elapsedText(Date.now() - this.#started)}  ${held} in ${where}  (Ctrl-C stops and copies)`,
    );
  }

  showCopied(folder: string, done: number, total: number, now: string): void {
    this.#copied.set(folder, { done, total });
    const all = [...this.#copied.values()];
    this.#bar.show({
      done: sum(all.map((progress) => progress.done)),
      total: sum(all.map((progress) => progress.total)),
      now,
    });
  }

  clear(): void {
    this.#line.clear();
  }
}
