import type { KubeApi } from '../../kube/api.ts';
import type { Notice } from '../../notice.ts';
import { type FilteredFetchOptions, fetchFiltered } from '../fetch/fetchFiltered.ts';
import { type FetchOptions, fetchSpool } from '../fetch/fetchSpool.ts';
import { type FetchStrategy, fetchStrategy } from '../fetch/fetchStrategy.ts';
import { type PacketFilter, podFilterProblem } from '../fetch/podFilter.ts';
import { PodSpool } from '../fetch/podSpool.ts';
import type { CaptureOrigin, Manifest } from '../manifest.ts';
import type { DetachedCapture } from './captures.ts';
import { ensureSpoolContainer } from './ensureSpoolContainer.ts';

/** Copies a detached capture's recording into a folder. Throws a Problem. */
export async function fetchCapture(
  api: KubeApi,
  capture: DetachedCapture,
  options: Omit<FetchOptions, 'origin' | keyof FetchStrategy> & {
    readonly onNote: (notice: Notice) => void;
  },
): Promise<Manifest> {
  const { signal, onNote } = options;
  const ref = await ensureSpoolContainer(api, capture, {
    signal,
    onProgress: (text) => onNote({ kind: 'waiting', text }),
  });
  return fetchSpool(new PodSpool(api, ref, capture.pod.metadata.uid, capture.spool), {
    ...options,
    ...fetchStrategy(capture.pod),
    origin: originOf(capture),
  });
}

/** Copies the packets that match a filter into a folder. Throws a Problem. */
export async function fetchMatchingPackets(
  api: KubeApi,
  capture: DetachedCapture,
  {
    filter,
    ...options
  }: Omit<FilteredFetchOptions, 'origin' | 'filter' | 'podFilterProblem'> & {
    readonly filter: PacketFilter;
    readonly onNote: (notice: Notice) => void;
  },
): Promise<Manifest> {
  const { signal, onNote } = options;
  const ref = await ensureSpoolContainer(api, capture, {
    signal,
    onProgress: (text) => onNote({ kind: 'waiting', text }),
  });
  return fetchFiltered(new PodSpool(api, ref, capture.pod.metadata.uid, capture.spool), {
    ...options,
    filter: { ...filter, changesUser: capture.options.zroot === '1' },
    podFilterProblem: (tools) => podFilterProblem(filter, tools, capture.pod),
    origin: originOf(capture),
  });
}

function originOf(capture: DetachedCapture): CaptureOrigin {
  const { metadata, spec } = capture.pod;
  return {
    capture: capture.name,
    target: capture.isOnNode ? capture.target : `pod/${metadata.name}`,
    namespace: metadata.namespace,
    pod: metadata.name,
    podUid: metadata.uid,
    container: capture.container,
    image: capture.image,
    ...(spec.nodeName !== undefined && { node: spec.nodeName }),
    ...(capture.volume !== undefined && { volume: capture.volume }),
  };
}
