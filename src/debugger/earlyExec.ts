import type { Access } from '../kube/authentication.ts';
import { type ExecStream, exec } from '../kube/exec.ts';
import { BOOT_COMMAND } from './bootedCommand.ts';

interface Container {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

/** boot.sh waits 12 s for its command: an exec that is older than this may end at any moment. */
const USABLE_MS = 6_000;

/** To connect to a server nearby takes less; while one far away answers, there is time for other work. */
const SENT_MS = 25;

/**
 * An exec that is opened before it is known whether its container is a debugger that can be used. A node needs most of
 * the time until a program's first output to start anything at all, and meanwhile the pod is read. Until the exec is
 * taken nothing runs there but a shell that waits for its command; without one it ends.
 */
export class EarlyExec {
  /** Resolves when the request is on its way, or has failed, or after some milliseconds. */
  readonly sent: Promise<void>;
  /** Settles as `exec`. */
  readonly opening: Promise<ExecStream>;
  readonly place: Container;
  readonly #closing = new AbortController();
  readonly #begun = Date.now();
  #isTaken = false;

  constructor(access: Access, place: Container) {
    this.place = place;
    const { promise, resolve } = Promise.withResolvers<void>();
    const limit = setTimeout(resolve, SENT_MS);
    this.sent = promise.finally(() => clearTimeout(limit));
    this.opening = exec(access, {
      ...place,
      command: BOOT_COMMAND,
      stdin: true,
      signal: this.#closing.signal,
      onSent: resolve,
    });
    this.opening.then(
      () => resolve(),
      () => resolve(),
    );
  }

  isIn({ namespace, pod, container }: Container): boolean {
    const { place } = this;
    return place.namespace === namespace && place.pod === pod && place.container === container;
  }

  /**
   * The stream, for the first who asks; the signal ends it. Undefined when it was refused, or has waited for too
   * long: another exec succeeds, or says why not.
   */
  async take(signal?: AbortSignal): Promise<ExecStream | undefined> {
    if (this.#isTaken) return undefined;
    this.#isTaken = true;
    const onAbort = () => this.#closing.abort(signal?.reason);
    if (signal?.aborted) onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
    const stream = await this.opening.catch(() => undefined);
    if (stream && Date.now() - this.#begun < USABLE_MS) return stream;
    stream?.close();
    return undefined;
  }

  /** Ends it unless it was taken. */
  close(): void {
    if (!this.#isTaken) this.#closing.abort(new Error('not needed'));
  }
}
