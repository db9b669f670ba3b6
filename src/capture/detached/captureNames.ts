import type { Pod } from '../../kube/pod.ts';
import { Problem } from '../../problem.ts';
import { capturesOf } from './captures.ts';

/** The first of capture-1, capture-2 … that no capture in these pods has, or had. */
export function newCaptureName(pods: readonly Pod[]): string {
  const taken = new Set(pods.flatMap(capturesOf).map(({ name }) => name));
  for (let count = 1; ; count++) if (!taken.has(`capture-${count}`)) return `capture-${count}`;
}

/** Names stay taken after a capture's end: a container cannot be removed from a pod. */
export function freeCaptureName(pod: Pod, asked: string | undefined): string {
  if (asked === undefined) return newCaptureName([pod]);
  if (capturesOf(pod).some(({ name }) => name === asked))
    throw new Problem(`pod "${pod.metadata.name}" has, or had, a capture named "${asked}"`, {
      next: ['choose another --name: those of ended captures stay taken while the pod lives'],
    });
  return asked;
}
