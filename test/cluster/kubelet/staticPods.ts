import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, watch } from 'node:fs';
import { join } from 'node:path';
import { type JsonObject, objectAt } from '../apiserver/json.ts';
import { admitPod } from '../apiserver/podAdmission.ts';
import { type NewObject, now, type Store } from '../store.ts';

const MIRROR = 'kubernetes.io/config.mirror';

/**
 * The static pods of a kubelet, from files on its node with one JSON manifest each. The API server shows a mirror pod
 * for each, whose name includes the node. A mirror pod that was created by someone else is deleted, as by a real
 * kubelet.
 */
export class StaticPods {
  readonly #store: Store;
  readonly #node: string;
  readonly #folder: string;
  /** File name -> its mirror pod. */
  readonly #mirrors = new Map<string, { namespace: string; name: string }>();

  constructor(store: Store, node: string, folder: string) {
    this.#store = store;
    this.#node = node;
    this.#folder = folder;
  }

  /** Creates mirror pods for the folder until `closed`. */
  start(closed: AbortSignal): void {
    mkdirSync(this.#folder, { recursive: true });
    const watcher = watch(this.#folder, () => this.#read());
    closed.addEventListener('abort', () => watcher.close());
    this.#read();
  }

  /** Whether a pod claims to be a mirror pod without being one. */
  isForged(
    namespace: string,
    name: string,
    annotations: Readonly<Record<string, string>>,
  ): boolean {
    if (annotations[MIRROR] === undefined) return false;
    return ![...this.#mirrors.values()].some(
      (mirror) => mirror.namespace === namespace && mirror.name === name,
    );
  }

  #read(): void {
    const files = readdirSync(this.#folder).filter((file) => file.endsWith('.json'));
    for (const [file, { namespace, name }] of this.#mirrors) {
      if (files.includes(file)) continue;
      this.#mirrors.delete(file);
      this.#store.update('pods', namespace, name, (pod) => {
        pod.metadata.deletionTimestamp = now();
        const { terminationGracePeriodSeconds } = objectAt(pod.spec);
        pod.metadata.deletionGracePeriodSeconds = Number(terminationGracePeriodSeconds);
        return pod;
      });
    }
    for (const file of files) if (!this.#mirrors.has(file)) this.#create(file);
  }

  #create(file: string): void {
    let manifest: JsonObject;
    const text = readFileSync(join(this.#folder, file), 'utf8');
    try {
      manifest = objectAt(JSON.parse(text));
    } catch {
      // The file is still being written. There will be another change of the folder.
      return;
    }
    const given = objectAt(manifest.metadata);
    const namespace = String(given.namespace ?? 'default');
    const name = `${given.name}-${this.#node}`;
    const hash = createHash('md5').update(text).digest('hex');
    const annotations = {
      ...objectAt(given.annotations),
      'kubernetes.io/config.hash': hash,
      [MIRROR]: hash,
      'kubernetes.io/config.seen': new Date().toISOString(),
      'kubernetes.io/config.source': 'file',
    } as Record<string, string>;
    const pod: NewObject = {
      ...manifest,
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { ...given, namespace, name, annotations },
      spec: { ...objectAt(manifest.spec), nodeName: this.#node },
    };
    // Set before it is in the store, where the kubelet sees it.
    this.#mirrors.set(file, { namespace, name });
    admitPod(this.#store, namespace, pod, () => undefined);
    this.#store.create('pods', pod);
  }
}
