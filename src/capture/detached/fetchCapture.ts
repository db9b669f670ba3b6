import type { KubeApi } from '../../kube/api.ts';
import { Problem } from '../../problem.ts';
import { type FetchManner, fetchManner } from '../fetch/fetchManner.ts';
import { type FetchOptions, fetchSpool } from '../fetch/fetchSpool.ts';
import type { CaptureOrigin, Manifest } from '../manifest.ts';
import type { DetachedCapture } from './captures.ts';
import { spoolOf } from './spoolOf.ts';

/** Copies what a detached capture has recorded into a folder. Throws a Problem. */
export async function fetchCapture(
  api: KubeApi,
  capture: DetachedCapture,
  options: Omit<FetchOptions, 'origin' | keyof FetchManner>,
): Promise<Manifest> {
  refuseWithoutSpool(capture);
  return fetchSpool(spoolOf(api, capture), {
    ...options,
    ...fetchManner(capture.pod),
    origin: originOf(capture),
  });
}

/** Says why a capture whose container does not run has nothing to give. */
export function refuseWithoutSpool({ name, state, container, pod }: DetachedCapture): void {
  const when = 'at' in state && state.at !== undefined ? ` at ${state.at}` : '';
  switch (state.kind) {
    case 'running':
      return;
    case 'starting':
      throw new Problem(`capture "${name}" has not started: ${state.reason ?? 'it is waiting'}`, {
        next: [`kubectl describe pod ${pod.metadata.name}   shows what it waits for`],
      });
    case 'lost':
      throw new Problem(`what capture "${name}" recorded is lost${when}: ${state.why}`, {
        next: [
          'a capture survives its container on a volume of the pod: --volume NAME',
          `kubectl describe pod ${pod.metadata.name}   says more of container ${container}`,
        ],
      });
    case 'removed':
      throw new Problem(
        `capture "${name}" was removed${when}: by somebody, or when its time to live was over`,
      );
  }
}

function originOf(capture: DetachedCapture): CaptureOrigin {
  const { metadata, spec } = capture.pod;
  return {
    capture: capture.name,
    target: `pod/${metadata.name}`,
    namespace: metadata.namespace,
    pod: metadata.name,
    podUid: metadata.uid,
    container: capture.container,
    image: capture.image,
    ...(spec.nodeName !== undefined && { node: spec.nodeName }),
    ...(capture.volume !== undefined && { volume: capture.volume }),
  };
}
