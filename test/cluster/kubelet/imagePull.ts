import { setTimeout as delay } from 'node:timers/promises';
import { completeReference } from '../images/reference.ts';
import type { CriImage } from '../nodes/criMessages.ts';
import { PULL_SECONDS } from '../switches.ts';
import type { ContainerRecord } from './containerRecord.ts';
import { type NodeImages, pullFailure } from './nodeImages.ts';
import type { Pod } from './pod.ts';
import type { PodEvents } from './podEvents.ts';

/**
 * Milliseconds until a failed pull appears in the status: only its next turn makes a kubelet check a running pod again
 * (measured on a real one). A new pod is checked sooner.
 */
const untilStatus = { ephemeral: 11_000, regular: 1_000, init: 1_000 };
/** Milliseconds between the failure and the first back-off event. */
const untilBackOff = 1_000;

/**
 * Returns the image for a container. If it is missing, the record contains the reason, and `publish` is called when
 * that changes. `signal` ends the waiting early.
 */
export async function pullImage(
  record: ContainerRecord,
  pod: Pod,
  images: NodeImages,
  events: PodEvents,
  publish: () => void,
  signal: AbortSignal,
): Promise<CriImage | undefined> {
  const { image, imagePullPolicy } = record.spec;
  const tell = (type: 'Normal' | 'Warning', reason: string, message: string) =>
    events.record(pod, type, reason, message, record.fieldPath);
  const found = await images.find(image);
  const seconds = Number(pod.metadata.annotations?.[PULL_SECONDS] ?? 0);
  if (found && (seconds > 0 || imagePullPolicy === 'Always')) {
    tell('Normal', 'Pulling', `Pulling image "${image}"`);
    const startTime = Date.now();
    await delay(seconds * 1000, undefined, { signal });
    const took = `${Date.now() - startTime + 1}ms`;
    const how = `in ${took} (${took} including waiting). Image size: ${found.size} bytes.`;
    tell('Normal', 'Pulled', `Successfully pulled image "${image}" ${how}`);
    record.pullError = undefined;
    return found;
  }
  if (found) {
    const already = `Container image "${image}" already present on machine and can be accessed by the pod`;
    tell('Normal', 'Pulled', already);
    record.pullError = undefined;
    return found;
  }
  if (completeReference(image) === undefined) {
    const why = `Failed to apply default image tag "${image}": couldn't parse image name "${image}": invalid reference format`;
    tell('Warning', 'InspectFailed', why);
    tell('Warning', 'Failed', 'Error: InvalidImageName');
    record.wait('InvalidImageName', why);
  } else if (imagePullPolicy === 'Never') {
    const why = `Container image "${image}" is not present with pull policy of Never`;
    tell('Warning', 'ErrImageNeverPull', why);
    tell('Warning', 'Failed', 'Error: ErrImageNeverPull');
    record.wait('ErrImageNeverPull', why);
  } else {
    const why = pullFailure(image);
    const isFirst = record.pullError === undefined;
    tell('Normal', 'Pulling', `Pulling image "${image}"`);
    tell('Warning', 'Failed', `Failed to pull image "${image}": ${why}`);
    tell('Warning', 'Failed', 'Error: ErrImagePull');
    record.pullError = why;
    if (isFirst) await delay(untilStatus[record.kind], undefined, { signal });
    record.wait('ErrImagePull', why);
    publish();
    await delay(untilBackOff, undefined, { signal });
    tell('Normal', 'BackOff', `Back-off pulling image "${image}"`);
    tell('Warning', 'Failed', 'Error: ImagePullBackOff');
    record.wait('ImagePullBackOff', `Back-off pulling image "${image}": ErrImagePull: ${why}`);
  }
  record.retryAt = Date.now() + (record.nextBackOff() || 10) * 1000;
  return undefined;
}
