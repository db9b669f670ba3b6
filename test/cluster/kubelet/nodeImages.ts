import { digests } from '../images/catalogue.ts';
import { completeReference } from '../images/reference.ts';
import type { CriImage } from '../nodes/criMessages.ts';

/** The images on a node, found by any name that a pod may use. */
export class NodeImages {
  readonly #byTag = new Map<string, CriImage>();
  readonly #arriving: Promise<readonly CriImage[]>;

  /** `arriving` are all images that the node will have. A request for one of the others waits for it. */
  constructor(images: readonly CriImage[], arriving: Promise<readonly CriImage[]>) {
    this.#add(images);
    this.#arriving = arriving;
  }

  /** Undefined if the node does not have the image. */
  async find(reference: string): Promise<CriImage | undefined> {
    const complete = completeReference(reference);
    if (complete === undefined) return undefined;
    const [name, digest] = complete.split('@');
    // Only the digest counts. The tag is for people.
    const repository = name?.replace(/:[^:/]*$/, '');
    const tag = (digest && digests[`${repository}@${digest}`]) ?? complete;
    if (!this.#byTag.has(tag)) this.#add(await this.#arriving);
    return this.#byTag.get(tag);
  }

  #add(images: readonly CriImage[]): void {
    for (const image of images) for (const tag of image.repoTags) this.#byTag.set(tag, image);
  }
}

/** containerd's error message for a pull from an unreachable registry. */
export function pullFailure(reference: string): string {
  const complete = completeReference(reference) ?? reference;
  const [, host = '', path = '', version = ''] = /^([^/]+)\/(.+?)[:@](.+)$/.exec(complete) ?? [];
  const server = host === 'docker.io' ? 'registry-1.docker.io' : host;
  const url = `https://${server}/v2/${path}/manifests/${version}`;
  const why = `dial tcp: lookup ${server} on 10.96.0.10:53: no such host`;
  return `failed to pull and unpack image "${complete}": failed to resolve image: failed to do request: Head "${url}": ${why}`;
}
