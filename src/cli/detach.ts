import { ageText } from '../capture/detached/renderCaptures.ts';
import { type DetachedRequest, startDetached } from '../capture/detached/startDetached.ts';
import type { KubeApi } from '../kube/api.ts';
import { bytesText } from '../output/quantities.ts';
import { StatusLine } from '../output/statusLine.ts';
import { terminalSafe } from '../output/terminalSafe.ts';
import { PROGRAM_NAME } from './usageProblem.ts';

/** A week: rare faults show within one, and nothing of ours runs for ever. In seconds. */
export const DETACHED_DURATION_S = 7 * 86_400;
/** As long again to come and get it. In seconds. */
export const DETACHED_KEEP_S = 7 * 86_400;

/** Starts a detached capture and tells what can be done with it. */
export async function detach(
  api: KubeApi,
  request: Omit<DetachedRequest, 'onProgress' | 'onNote'>,
): Promise<void> {
  const line = new StatusLine();
  try {
    const { name, pod, ring, listing } = await startDetached(api, {
      ...request,
      onProgress: (text) => line.show(text),
      onNote: (text) => {
        line.clear();
        process.stderr.write(`${terminalSafe(text)}\n`);
      },
    });
    line.clear();
    const age = ring.age === undefined ? '' : ` or ${ageText(ring.age * 1000)}`;
    const { device, engine } = listing.state;
    const { name: podName, namespace } = pod.metadata;
    for (const text of [
      `capture "${name}" is recording on ${device} of pod ${namespace}/${podName} (${engine})`,
      `  the newest ${ring.files} files of ${bytesText(ring.fileKilobytes * 1000)}${age} each are kept in the pod`,
      `  it ends in ${ageText(request.duration * 1000)}, and is deleted ${ageText(request.keep * 1000)} after that`,
      `  ${PROGRAM_NAME} captures fetch ${name}   copies what there is, at any time`,
      `  ${PROGRAM_NAME} captures stop ${name}    ends it; rm deletes it`,
    ])
      process.stderr.write(`${terminalSafe(text)}\n`);
    process.stdout.write(`${terminalSafe(name)}\n`);
  } finally {
    line.clear();
  }
}
