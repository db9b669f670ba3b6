import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { buildLargeImages, buildSmallImages, pauseImage } from './images/catalogue.ts';
import { type Image, writeDockerArchive } from './images/dockerArchive.ts';
import { Kubelet } from './kubelet/kubelet.ts';
import { NodeImages } from './kubelet/nodeImages.ts';
import type { CriImage } from './nodes/criMessages.ts';
import { createFabric, type Fabric } from './nodes/fabric.ts';
import { ClusterNode } from './nodes/node.ts';
import { nodeObject } from './nodes/nodeObject.ts';
import { settleAll } from './settleAll.ts';
import type { Store } from './store.ts';

/** What all nodes of a cluster share. */
export interface NodesPlan {
  readonly names: readonly string[];
  /** A few letters and digits that are unique to this cluster. */
  readonly id: string;
  /** An existing folder. */
  readonly folder: string;
  /** Control group for all pods, with a leading slash. */
  readonly cgroup: string;
  readonly store: Store;
  /** Whether nodes and pods also have IPv6 addresses. */
  readonly dualStack: boolean;
  /** Must be held by every process that has to end before the cleaning starts. */
  readonly janitor: Writable;
  readonly signal: AbortSignal;
  /** Called with everything that was started, in order, to be closed in reverse order. */
  readonly onStarted: (part: { close(): Promise<void> | void }) => void;
}

/** Archives of the images, in the order in which nodes need them. They resolve when they are written. */
interface Archives {
  readonly small: Promise<string>;
  readonly large: Promise<string>;
}

/** Starts the nodes, and registers them in the store. Their larger images arrive a little later. */
export async function startNodes(plan: NodesPlan): Promise<Kubelet[]> {
  const pack = async (name: string, images: Promise<Image[]>) => {
    const file = join(plan.folder, name);
    await writeDockerArchive(file, await images);
    return file;
  };
  const small = pack('small-images.tar', buildSmallImages());
  const large = pack('large-images.tar', buildLargeImages());
  // Failures are handled by those who wait. A node that does not start does not wait.
  Promise.all([small, large]).catch(() => {});
  const fabric = await createFabric(plan.id, plan.janitor);
  plan.onStarted(fabric);
  const nodes = plan.names.map((_, index) => startNode(plan, index + 1, fabric, { small, large }));
  return settleAll(nodes);
}

async function startNode(
  plan: NodesPlan,
  index: number,
  fabric: Fabric,
  archives: Archives,
): Promise<Kubelet> {
  const name = plan.names[index - 1] ?? '';
  const folder = join(plan.folder, name);
  const { dualStack } = plan;
  const own = { index, name, folder, pauseImage, nodes: plan.names.length, dualStack };
  const node = await ClusterNode.start(own, fabric, plan.janitor);
  plan.onStarted(node);
  await node.waitUntilReady(plan.signal);
  await node.importImages(await archives.small);
  const images = await node.cri.listImages();
  const arriving = importLater(node, archives.large);
  const kubelet = Kubelet.start(plan.store, node, new NodeImages(images, arriving), plan.cgroup);
  plan.onStarted({
    close() {
      kubelet.close();
      // If its node has ended before, the failure does not matter.
      arriving.catch(() => {});
    },
  });
  plan.store.create('nodes', await nodeObject(node, images));
  return kubelet;
}

async function importLater(node: ClusterNode, archive: Promise<string>): Promise<CriImage[]> {
  await node.importImages(await archive);
  return node.cri.listImages();
}
