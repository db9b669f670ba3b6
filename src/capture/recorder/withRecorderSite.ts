import type { DebuggerSettings } from '../../debugger/container.ts';
import { debuggerFor } from '../../debugger/debuggerFor.ts';
import type { EarlyExec } from '../../debugger/earlyExec.ts';
import { explainRefusal } from '../../debugger/refusals.ts';
import type { KubeApi } from '../../kube/api.ts';
import type { ResolvedTarget } from '../../kube/targets/resolvedTarget.ts';
import { type CaptureSpec, type RecorderSpec, recorderSpec } from '../spec.ts';
import type { Milliseconds } from '../units.ts';
import { nodeNetworkNote } from './nodeNetworkNote.ts';
import type { RecorderSite } from './recorder.ts';
import { explainFailure } from './recorderProblems.ts';
import { type CaptureProgress, describeTarget } from './recording.ts';

/** What a recording needs to know about its target's debugger. */
export interface SiteRequest {
  readonly spec: CaptureSpec;
  readonly settings: DebuggerSettings;
  /** How long the recorder continues after the connection is lost. */
  readonly linger: Milliseconds;
  /** Ends the wait for the debugger. */
  readonly interrupt: AbortSignal;
  readonly progress: Pick<CaptureProgress, 'note' | 'waiting'>;
  /** See AccessOptions.early. */
  readonly earlyExec?: EarlyExec | undefined;
}

/**
 * Finds or creates a debugger for a target, records there, and closes the debugger. Throws a Problem that explains why
 * the debugger was refused or why the recorder failed.
 */
export async function withRecorderSite<Outcome>(
  api: KubeApi,
  target: ResolvedTarget,
  { spec, settings, linger, interrupt, progress, earlyExec }: SiteRequest,
  record: (site: RecorderSite, spec: RecorderSpec) => Promise<Outcome>,
): Promise<Outcome> {
  const { duration, device } = spec;
  try {
    interrupt.throwIfAborted();
    const dbg = await debuggerFor(
      api,
      target,
      {
        profile: 'network',
        command: 'capture',
        ...(duration !== undefined && { lifetime: duration + linger }),
        ...settings,
      },
      { onProgress: progress.waiting, onNote: progress.note, signal: interrupt, early: earlyExec },
    );
    try {
      const note = nodeNetworkNote(dbg, target.pod?.metadata.name);
      if (note !== undefined) progress.note(note);
      const site = { api, target, dbg, label: describeTarget(target, dbg) };
      return await record(site, recorderSpec(spec, dbg));
    } catch (error) {
      throw await explainFailure(error, api, dbg, settings.image, device);
    } finally {
      await dbg.close();
    }
  } catch (error) {
    throw explainRefusal(error);
  }
}
