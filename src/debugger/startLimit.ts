import type { KubeApi } from '../kube/api.ts';
import type { Pod } from '../kube/pod.ts';
import type { Notice } from '../notice.ts';
import { Problem } from '../problem.ts';
import { describeSilence, type NodeSilence } from './silentNode.ts';

/**
 * The node's progress on a requested container:
 * - nothing: neither a status entry nor an event; the node may never act on it
 * - accepted: the node has seen it
 * - pulling: an image is being pulled, or may be
 */
export type Sign = 'nothing' | 'accepted' | 'pulling';

/** Milliseconds without a newer sign after which the wait ends. */
export type StartLimits = Readonly<Record<Sign, number>> & {
  /** Milliseconds without any sign after which a message tells what is known. */
  readonly tell: number;
  /**
   * Milliseconds until events are watched, which takes three more requests. If the image is already on the node, the
   * container runs before that.
   */
  readonly events: number;
};

export const START_LIMITS: StartLimits = {
  events: 400,
  tell: 12_000,
  nothing: 60_000,
  // The kubelet gives up a request to the runtime after two minutes and records an event (runtimeRequestTimeout).
  accepted: 150_000,
  pulling: 10 * 60_000,
};

interface Watched {
  readonly container: string;
  readonly ownPod?: boolean;
  readonly onProgress?: (text: string) => void;
  readonly onNote?: (notice: Notice) => void;
}

/** Bounds the wait for a container by the signs of progress from its node. */
export class StartLimit {
  /** Rejects with a Problem if the node shows nothing for too long. Never resolves. */
  readonly reached: Promise<never>;
  readonly #api: KubeApi;
  readonly #pod: Pod;
  readonly #watched: Watched;
  readonly #limits: StartLimits;
  readonly #ended = new AbortController();
  readonly #reject: (error: Problem) => void;
  #sign: Sign = 'nothing';
  #canSeePulls = true;
  #silence: NodeSilence | undefined;
  #timer: NodeJS.Timeout;
  readonly #noteTimer: NodeJS.Timeout;

  constructor(api: KubeApi, pod: Pod, watched: Watched, limits: StartLimits) {
    this.#api = api;
    this.#pod = pod;
    this.#watched = watched;
    this.#limits = limits;
    const { promise, reject } = Promise.withResolvers<never>();
    promise.catch(() => {});
    this.reached = promise;
    this.#reject = reject;
    this.#timer = this.#start();
    this.#noteTimer = setTimeout(() => void this.#noteSilence(), limits.tell);
    watched.onProgress?.(`waiting for ${this.#node} to start the debugger`);
  }

  /** Records a sign of progress from the node. An earlier stage than before still counts as a sign of life. */
  heard(sign: Exclude<Sign, 'nothing'>): void {
    clearTimeout(this.#noteTimer);
    if (this.#sign !== 'pulling') this.#sign = this.#canSeePulls ? sign : 'pulling';
    clearTimeout(this.#timer);
    if (!this.#ended.signal.aborted) this.#timer = this.#start();
  }

  /** Records that events cannot be read: an accepted container may be waiting for its image. */
  cannotSeePulls(): void {
    this.#canSeePulls = false;
    if (this.#sign === 'accepted') this.heard('pulling');
  }

  end(): void {
    this.#ended.abort();
    clearTimeout(this.#timer);
    clearTimeout(this.#noteTimer);
  }

  get #node(): string {
    return `node "${this.#pod.spec.nodeName}"`;
  }

  #start(): NodeJS.Timeout {
    return setTimeout(() => this.#giveUp(), this.#limits[this.#sign]);
  }

  async #noteSilence(): Promise<void> {
    const { container, onNote } = this.#watched;
    const silence = await describeSilence(this.#api, this.#pod, this.#ended.signal);
    this.#silence = silence;
    if (this.#sign !== 'nothing' || this.#ended.signal.aborted) return;
    onNote?.({
      kind: 'node-silent',
      text: `the API server accepted the debugger "${container}" ${seconds(this.#limits.tell)} ago, and ${this.#node} has not reacted: ${silence.known}. ${silence.causes}. Giving up after ${seconds(this.#limits.nothing)}`,
    });
  }

  #giveUp(): void {
    const { container, ownPod } = this.#watched;
    const { name, namespace } = this.#pod.metadata;
    const describe = `kubectl describe pod ${name} -n ${namespace}   shows the events of the node`;
    const limit = this.#limits[this.#sign];
    if (this.#sign !== 'nothing') {
      const amount = limit >= 120_000 ? `${limit / 60_000} minutes` : seconds(limit);
      this.#reject(
        new Problem(`the debugger "${container}" did not start within ${amount}`, {
          kind: 'not-started',
          next: [describe],
        }),
      );
      return;
    }
    const { known, causes } = this.#silence ?? {};
    this.#reject(
      new Problem(
        `${this.#node} did not react to the debugger "${container}" within ${seconds(limit)}`,
        {
          kind: 'not-started',
          next: [
            ...(known === undefined ? [] : [known]),
            ...(causes === undefined ? [] : [causes]),
            ...(ownPod
              ? []
              : [
                  `the container stays in the pod's spec; if the node starts it later, it exits when idle`,
                ]),
            describe,
          ],
        },
      ),
    );
  }
}

function seconds(milliseconds: number): string {
  return `${milliseconds / 1000} s`;
}
