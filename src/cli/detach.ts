import { type CapturesRequest, startCaptures } from '../capture/detached/startCaptures.ts';
import { seconds } from '../capture/units.ts';
import type { KubeApi } from '../kube/api.ts';
import { ageText, bytesText } from '../output/quantities.ts';
import { terminalSafe } from '../output/terminalSafe.ts';
import { problemMoment } from '../timing.ts';
import { note, notify, statusLine } from './console.ts';
import { PROGRAM_NAME } from './usageErrors.ts';

/** Long enough to record rare faults. */
export const DEFAULT_DETACHED_DURATION = seconds(7 * 86_400);
/** How long the files are kept after the capture ends. */
export const DEFAULT_DETACHED_KEEP = seconds(7 * 86_400);

/** Starts detached captures and prints how to use them. Returns the exit code. */
export async function startDetachedCaptures(
  api: KubeApi,
  request: Omit<CapturesRequest, 'onProgress' | 'onNote'> & {
    /** The namespace of the kubeconfig, which commands can omit. Undefined if a flag chose another one. */
    readonly defaultNamespace?: string;
  },
): Promise<number> {
  const line = statusLine();
  try {
    const { started, failures } = await startCaptures(api, {
      ...request,
      onProgress: (text) => line.wait(text),
      onNote: notify,
    });
    line.clear();
    const [{ capture }] = started;
    const { name, options } = capture;
    for (const { label, listing } of started) {
      const { device, engine, phase } = listing.state;
      const where = `on ${device} of ${label} (${engine})`;
      if (phase === 'ended') note(`capture "${name}" has ended; it recorded ${where}`);
      else notify({ kind: 'capturing', text: `capture "${name}" is recording ${where}` });
    }
    for (const { target, name: label, error } of failures) {
      problemMoment(error, label);
      note(`error: cannot capture ${target}: ${error.message}`);
      for (const step of error.next) note(`  ${step}`);
    }
    const kilobytes = Number(options.filekb ?? 0);
    const age = options.age === undefined ? '' : ` or ${ageText(Number(options.age) * 1000)}`;
    const place = capture.isOnNode ? 'in a pod on the node' : 'in the pod';
    const namespaces = new Set(
      started.map((startedCapture) => startedCapture.capture.pod.metadata.namespace),
    );
    for (const text of [
      `  the newest ${options.files} files of ${bytesText(kilobytes * 1000)}${age} each are kept ${place}`,
      started.every(({ listing }) => listing.state.phase === 'ended')
        ? `  its files are deleted in ${ageText(request.keep)}`
        : `  it ends in ${ageText(request.spec.duration)}, and its files are deleted ${ageText(request.keep)} after that`,
      ...[...namespaces].flatMap((namespace) => {
        const namespaceFlag = namespace === request.defaultNamespace ? '' : ` -n ${namespace}`;
        return [
          `  ${PROGRAM_NAME} captures fetch ${name}${namespaceFlag}   copies its files, at any time`,
          `  ${PROGRAM_NAME} captures stop ${name}${namespaceFlag}    stops it; rm deletes it`,
        ];
      }),
    ])
      note(text);
    process.stdout.write(`${terminalSafe(name)}\n`);
    return failures.length > 0 ? 1 : 0;
  } finally {
    line.clear();
  }
}
