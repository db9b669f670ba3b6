import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildLargeImages, buildSmallImages, digests } from '../cluster/images/catalogue.ts';
import { type Image, writeDockerArchive } from '../cluster/images/dockerArchive.ts';
import { packLayer } from '../cluster/images/layer.ts';
import type { KubernetesNode } from './node.ts';

/** The cluster's DNS server, from the binaries. */
export const DNS_IMAGE = 'registry.k8s.io/coredns/coredns:v1.14.4';

/** Writes the archives of all images into `folder`. The images that are needed first are in the first one. */
export function packImages(folder: string, binaries: string): Promise<string>[] {
  const pack = async (name: string, images: Promise<Image[]>) => {
    const file = join(folder, name);
    await writeDockerArchive(file, await images);
    return file;
  };
  return [
    pack('small-images.tar', buildSmallImages()),
    pack(
      'dns-image.tar',
      dnsImage(binaries).then((image) => [image]),
    ),
    pack('large-images.tar', buildLargeImages()),
  ];
}

/** Imports archives on a node, and adds the names by digest that an archive cannot contain. */
export async function importImages(
  node: KubernetesNode,
  archives: readonly Promise<string>[],
): Promise<void> {
  for (const archive of archives)
    await node.run(['ctr', '-n', 'k8s.io', 'images', 'import', await archive]);
  for (const [name, tag] of Object.entries(digests))
    await node.run(['ctr', '-n', 'k8s.io', 'images', 'tag', tag, name]);
}

async function dnsImage(binaries: string): Promise<Image> {
  const data = await readFile(join(binaries, 'coredns'));
  const layer = await packLayer([{ path: 'coredns', data, mode: 0o755 }]);
  return { reference: DNS_IMAGE, layers: [layer], config: { Entrypoint: ['/coredns'] } };
}
