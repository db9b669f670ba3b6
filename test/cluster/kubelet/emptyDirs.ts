import { chmod } from 'node:fs/promises';
import type { ClusterNode } from '../nodes/node.ts';
import type { Pod } from './pod.ts';
import type { PodFolder } from './podFolder.ts';
import { parseQuantity } from './quantity.ts';

/** The emptyDir volumes of one pod: folders, or memory if requested. */
export class EmptyDirs {
  readonly #node: ClusterNode;
  readonly #folder: PodFolder;
  readonly #mounted = new Set<string>();

  constructor(node: ClusterNode, folder: PodFolder) {
    this.#node = node;
    this.#folder = folder;
  }

  /** Creates them before the first container needs them. */
  async prepare({ spec }: Pod): Promise<void> {
    for (const { name, emptyDir } of spec.volumes ?? []) {
      if (!emptyDir) continue;
      const path = await this.#folder.volume('empty-dir', name);
      if (emptyDir.medium === 'Memory' && !this.#mounted.has(path)) {
        const { sizeLimit } = emptyDir;
        await this.#node.mountMemory(path, sizeLimit ? parseQuantity(sizeLimit) : undefined);
        this.#mounted.add(path);
      } else await chmod(path, 0o777);
    }
  }

  /** Folders by volume name, for the volumes on disk. */
  onDisk({ spec }: Pod): Map<string, string> {
    const volumes = (spec.volumes ?? []).filter(
      ({ emptyDir }) => emptyDir && emptyDir.medium !== 'Memory',
    );
    return new Map(volumes.map(({ name }) => [name, this.#folder.volumePath('empty-dir', name)]));
  }

  async remove(): Promise<void> {
    for (const path of this.#mounted) await this.#node.unmountMemory(path);
    this.#mounted.clear();
  }
}
