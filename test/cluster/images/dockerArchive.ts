import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { pack } from 'tar-stream';

/** The part of an OCI image configuration that applies to containers. */
export interface ImageConfig {
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly User?: string;
}

export interface Image {
  /** Complete reference with its registry: `docker.io/library/nginx:1.27`. */
  readonly reference: string;
  readonly layers: readonly Buffer[];
  readonly config: ImageConfig;
}

/** Writes images as `docker save` does, for `ctr images import`. */
export async function writeDockerArchive(file: string, images: readonly Image[]): Promise<void> {
  const tar = pack();
  const written = pipeline(tar, createWriteStream(file));
  const packed = new Set<string>();
  const manifest: object[] = [];
  for (const image of images) {
    const layerIds = image.layers.map(sha256);
    const config = imageConfig(image, layerIds);
    const configFile = `${sha256(config)}.json`;
    tar.entry({ name: configFile }, config);
    for (const [index, layer] of image.layers.entries()) {
      const id = `${layerIds[index]}`;
      if (!packed.has(id)) tar.entry({ name: layerFile(id) }, layer);
      packed.add(id);
    }
    manifest.push({
      Config: configFile,
      RepoTags: [image.reference],
      Layers: layerIds.map(layerFile),
    });
  }
  tar.entry({ name: 'manifest.json' }, JSON.stringify(manifest));
  tar.finalize();
  await written;
}

function imageConfig(image: Image, layerIds: string[]): string {
  return JSON.stringify({
    architecture: 'amd64',
    os: 'linux',
    config: image.config,
    rootfs: { type: 'layers', diff_ids: layerIds.map((id) => `sha256:${id}`) },
    history: layerIds.map(() => ({ created: '1970-01-01T00:00:00Z', comment: image.reference })),
  });
}

function layerFile(id: string): string {
  return `${id}/layer.tar`;
}

function sha256(data: Buffer | string): string {
  return createHash('sha256').update(data).digest('hex');
}
