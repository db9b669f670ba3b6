import { CapturedPackets } from '../capture/detached/capturedPackets.ts';
import type { DetachedCapture } from '../capture/detached/captures.ts';
import { nodeOfCapture } from '../capture/detached/detachedSpool.ts';
import type { PacketFilter } from '../capture/fetch/podFilter.ts';
import { explainRefusal } from '../debugger/refusals.ts';
import { StartSlots } from '../debugger/startSlots.ts';
import type { KubeApi } from '../kube/api.ts';
import { OutputClosed } from '../output/output.ts';
import { print, StandardOutput } from '../output/standardOutput.ts';
import { Problem } from '../problem.ts';
import { unreadable } from '../reading/input/captureFiles.ts';
import { AddressNames } from '../reading/names.ts';
import { printPackets } from '../reading/read.ts';
import { type Summary, summarize, UnreadableCapture } from '../reading/summary.ts';
import { TimeWindow } from '../reading/timeWindow.ts';
import { notify, statusLine } from './console.ts';
import { findLocalTshark } from './filterLocally.ts';
import { summaryText } from './summaryText.ts';

/** Prints a line for each packet of detached captures, sorted by time. The files stay in the pods. */
export async function readCaptures(
  api: KubeApi,
  captures: readonly DetachedCapture[],
  { filter, count, signal }: { filter?: PacketFilter; count?: number; signal: AbortSignal },
): Promise<void> {
  const openCaptures = await open(api, captures, signal);
  const reason = filter && podFilterProblems(openCaptures, filter);
  const isInPod = filter !== undefined && reason === undefined;
  const tshark =
    filter && !isInPod ? (await findLocalTshark(filter, reason ?? '')).program : undefined;
  const names = new AddressNames();
  for (const { pod, isOnNode } of captures)
    if (!isOnNode && !pod.spec.hostNetwork)
      for (const { ip } of pod.status?.podIPs ?? []) names.add(ip, pod.metadata.name);
  const output = new StandardOutput();
  try {
    const { selected, notes } = await printPackets({
      inputs: openCaptures.map((opened) => ({
        name: opened.capture.target,
        stream: opened.stream(isInPod ? filter : undefined),
      })),
      window: new TimeWindow(undefined, undefined),
      timeFormat: 'r',
      names,
      signal,
      write: (bytes) => output.write(bytes),
      ...(count !== undefined && { count }),
      ...(filter && !isInPod && { filter: filter.text }),
      ...(tshark !== undefined && { tshark }),
    });
    for (const hint of notes) notify({ kind: 'hint', text: `note: ${hint}` });
    if (selected === 0) notify({ kind: 'nothing-found', text: 'No packets found' });
  } catch (error) {
    if (!(error instanceof OutputClosed)) throw error;
  } finally {
    await output.close();
  }
}

/** Summarizes the traffic in detached captures and its problems. The files stay in the pods. */
export async function summarizeCaptures(
  api: KubeApi,
  captures: readonly DetachedCapture[],
  { format, signal }: { format: 'json' | 'yaml' | undefined; signal: AbortSignal },
): Promise<void> {
  const openCaptures = await open(api, captures, signal);
  const sources = openCaptures.map((opened) => ({
    label: opened.capture.target,
    paths: [],
    stream: opened.stream(),
    ...(opened.dropped !== undefined && { dropped: opened.dropped }),
  }));
  const status = statusLine();
  let summary: Summary;
  try {
    summary = await summarize(sources, {
      signal,
      onPackets: (packets) => status.show(`${packets.toLocaleString('en')} packets read`),
    });
  } catch (error) {
    if (!(error instanceof UnreadableCapture)) throw error;
    throw error.cause instanceof Problem ? error.cause : unreadable(error.path, error.cause);
  } finally {
    status.clear();
  }
  // There is no local file for an example command.
  await print(summaryText(summary, format, []));
}

async function open(
  api: KubeApi,
  captures: readonly DetachedCapture[],
  signal: AbortSignal,
): Promise<CapturedPackets[]> {
  const status = statusLine();
  status.wait('listing the files of the recorders');
  try {
    const openOne = async (capture: DetachedCapture) => {
      const label = captures.length > 1 ? `${capture.target}: ` : '';
      try {
        return await CapturedPackets.open(api, capture, {
          signal,
          onNote: (notice) => notify({ ...notice, text: `note: ${label}${notice.text}` }),
        });
      } catch (error) {
        throw explainRefusal(error);
      }
    };
    return await StartSlots.forQueries().map(captures, nodeOfCapture, openOne, signal);
  } finally {
    status.clear();
  }
}

/** Why a filter cannot be evaluated in the pods: the reason of the first pod that cannot. */
function podFilterProblems(openCaptures: readonly CapturedPackets[], filter: PacketFilter) {
  for (const opened of openCaptures) {
    const reason = opened.podFilterProblem(filter);
    if (reason !== undefined)
      return openCaptures.length > 1 ? `${opened.capture.target}: ${reason}` : reason;
  }
  return undefined;
}
