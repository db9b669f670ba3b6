import { type RingRecording, recordRing } from '../capture/ring/recordRing.ts';
import type { KubeApi } from '../kube/api.ts';
import { ProgressBar } from '../output/progressBar.ts';
import { bytesText, elapsedText } from '../output/quantities.ts';
import { StatusLine } from '../output/statusLine.ts';
import { terminalSafe } from '../output/terminalSafe.ts';
import { fetchSummary } from './fetchProgress.ts';
import { FORCED_EXIT, type Interruption } from './interruption.ts';

/** Records a ring of files, shows how it goes, and says what came of it. Gives the exit code. */
export async function captureRing(
  api: KubeApi,
  request: Omit<
    RingRecording,
    'interrupt' | 'abandon' | 'onNote' | 'onWaiting' | 'onRecording' | 'onState' | 'onProgress'
  >,
  { signal, abandon }: Interruption,
): Promise<number> {
  const line = new StatusLine();
  const bar = new ProgressBar(line);
  const note = (text: string) => {
    line.clear();
    process.stderr.write(`${terminalSafe(text)}\n`);
  };
  let started = Date.now();
  try {
    const manifest = await recordRing(api, {
      ...request,
      interrupt: signal,
      abandon,
      onNote: note,
      onWaiting: (text) => line.show(text),
      onRecording: (device, where, ring) => {
        started = Date.now();
        note(
          `recording on ${device} of ${where}: the newest ${ring.files} files of ${bytesText(ring.fileKilobytes * 1000)}, copied to ${request.folder} at the end`,
        );
      },
      onState: ({ held = 0 }) =>
        line.show(
          `${elapsedText(Date.now() - started)}  ${bytesText(held)} in the pod  (Ctrl-C ends and copies)`,
        ),
      onProgress: ({ bytes, totalBytes, seq }) =>
        bar.show({ done: bytes, total: totalBytes, now: `file ${seq}` }),
    });
    for (const text of fetchSummary(manifest, request.folder)) note(text);
    return 0;
  } catch (error) {
    if (!abandon.aborted) throw error;
    note('ended at once: what was not copied yet is deleted in the pod');
    return FORCED_EXIT;
  } finally {
    line.clear();
  }
}
