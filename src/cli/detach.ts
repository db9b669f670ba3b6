import { type PodsRequest, startInPods } from '../capture/detached/startInPods.ts';
import type { KubeApi } from '../kube/api.ts';
import { ageText, bytesText } from '../output/quantities.ts';
import { StatusLine } from '../output/statusLine.ts';
import { terminalSafe } from '../output/terminalSafe.ts';
import { PROGRAM_NAME } from './usageProblem.ts';

/** A week: rare faults show within one, and nothing of ours runs for ever. In seconds. */
export const DETACHED_DURATION_S = 7 * 86_400;
/** As long again to come and get it. In seconds. */
export const DETACHED_KEEP_S = 7 * 86_400;

/** Starts detached captures, tells what can be done with them, and gives the exit code. */
export async function detach(
  api: KubeApi,
  request: Omit<PodsRequest, 'onProgress' | 'onNote'>,
): Promise<number> {
  const line = new StatusLine();
  const say = (text: string) => {
    line.clear();
    process.stderr.write(`${terminalSafe(text)}\n`);
  };
  try {
    const { started, failures } = await startInPods(api, {
      ...request,
      onProgress: (text) => line.show(text),
      onNote: say,
    });
    const [{ name, ring }] = started;
    for (const { pod, listing } of started) {
      const { device, engine } = listing.state;
      const { name: podName, namespace } = pod.metadata;
      say(`capture "${name}" is recording on ${device} of pod ${namespace}/${podName} (${engine})`);
    }
    for (const { pod, error } of failures) {
      say(`error: no capture in pod "${pod}": ${error.message}`);
      for (const step of error.next) say(`  ${step}`);
    }
    const age = ring.age === undefined ? '' : ` or ${ageText(ring.age * 1000)}`;
    for (const text of [
      `  the newest ${ring.files} files of ${bytesText(ring.fileKilobytes * 1000)}${age} each are kept in the pod`,
      `  it ends in ${ageText(request.duration * 1000)}, and is deleted ${ageText(request.keep * 1000)} after that`,
      `  ${PROGRAM_NAME} captures fetch ${name}   copies what there is, at any time`,
      `  ${PROGRAM_NAME} captures stop ${name}    ends it; rm deletes it`,
    ])
      say(text);
    process.stdout.write(`${terminalSafe(name)}\n`);
    return failures.length > 0 ? 1 : 0;
  } finally {
    line.clear();
  }
}
