import type { EmptyDirs } from './emptyDirs.ts';
import type { Pod } from './pod.ts';
import type { PodContainers } from './podContainers.ts';
import { hasStorageLimit, storageBreach } from './storageLimits.ts';
import { bytesIn } from './storageUse.ts';

/** Measures what one pod has written to its node's disk. */
export class PodStorage {
  readonly #containers: PodContainers;
  readonly #emptyDirs: EmptyDirs;
  /** Container ID -> where it writes. Kept after its end. */
  readonly #layers = new Map<string, string>();

  constructor(containers: PodContainers, emptyDirs: EmptyDirs) {
    this.#containers = containers;
    this.#emptyDirs = emptyDirs;
  }

  /** Why the pod should be evicted. `layers` are the writable layers of the running containers on the node. */
  async breach(pod: Pod, layers: ReadonlyMap<string, string>): Promise<string | undefined> {
    if (!hasStorageLimit(pod)) return undefined;
    const containers = new Map<string, number>();
    for (const { name, id, logs } of this.#containers.placed) {
      const layer = layers.get(id) ?? this.#layers.get(id);
      if (layer) this.#layers.set(id, layer);
      containers.set(name, (layer ? await bytesIn(layer) : 0) + (await bytesIn(logs)));
    }
    const volumes = new Map<string, number>();
    for (const [name, folder] of this.#emptyDirs.onDisk(pod))
      volumes.set(name, await bytesIn(folder));
    return storageBreach(pod, { containers, volumes });
  }
}
