import type { ContainerStatus, EphemeralContainer, Pod } from '../../../src/kube/pod.ts';

interface Wanted {
  readonly spec?: Partial<Pod['spec']>;
  readonly status?: Partial<NonNullable<Pod['status']>>;
  readonly metadata?: Partial<Pod['metadata']>;
}

/** A running pod `shop/web` with one container and these changes. */
export function podWith({ spec = {}, status = {}, metadata = {} }: Wanted = {}): Pod {
  return {
    metadata: { name: 'web', namespace: 'shop', uid: 'uid-1', resourceVersion: '10', ...metadata },
    spec: { nodeName: 'node-1', containers: [{ name: 'main', image: 'app:1' }], ...spec },
    status: { phase: 'Running', ...status },
  };
}

/** The same pod with these ephemeral containers in these states; undefined: the kubelet has not seen it yet. */
export function podWithDebuggers(
  ...debuggers: readonly [EphemeralContainer, ContainerStatus['state'] | undefined][]
): Pod {
  return podWith({
    spec: { ephemeralContainers: debuggers.map(([container]) => container) },
    status: {
      ephemeralContainerStatuses: debuggers.flatMap(([{ name }, state]) =>
        state ? [{ name, state }] : [],
      ),
    },
  });
}

export const RUNNING = { running: { startedAt: '2026-01-01T00:00:00Z' } };
export const CREATING = { waiting: { reason: 'ContainerCreating' } };
export const ENDED = { terminated: { exitCode: 0, reason: 'Completed' } };
