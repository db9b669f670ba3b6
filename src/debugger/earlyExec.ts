import type { Access } from '../kube/authentication.ts';
import { type ExecStream, exec } from '../kube/exec.ts';
import { BOOT_COMMAND } from './bootCommand.ts';

interface Container {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

/** boot.sh waits 12 s for its command: an older exec may end at any moment. */
const USABLE_MS = 6_000;

/** Connecting to a nearby server takes less. While a distant one answers, other work can be done. */
const SENT_MS = 25;

/**
 * An exec that is opened before it is known whether its container is a usable debugger. Most of the time until a
 * program's first output is spent starting a process on the node, and the pod is read meanwhile. Until the exec is
 * taken, only a shell runs there, waiting for its command. Without a command the shell exits.
 */
export class EarlyExec {
  /** Resolves when the request has been sent, has failed, or has taken longer than SENT_MS. */
  readonly sent: Promise<void>;
  /** Settles like `exec`. */
  readonly opening: Promise<ExecStream>;
  readonly ref: Container;
  readonly #closing = new AbortController();
  readonly #startedAt = Date.now();
  #isTaken = false;

  constructor(access: Access, ref: Container) {
    this.ref = ref;
    const { promise, resolve } = Promise.withResolvers<void>();
    const limit = setTimeout(resolve, SENT_MS);
    this.sent = promise.finally(() => clearTimeout(limit));
    this.opening = exec(access, {
      ...ref,
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
    const { ref } = this;
    return ref.namespace === namespace && ref.pod === pod && ref.container === container;
  }

  /**
   * Returns the stream to the first caller; the signal ends it. Returns undefined if the exec was refused or has waited
   * too long: then a new exec succeeds, or tells why not.
   */
  async take(signal?: AbortSignal): Promise<ExecStream | undefined> {
    if (this.#isTaken) return undefined;
    this.#isTaken = true;
    const onAbort = () => this.#closing.abort(signal?.reason);
    if (signal?.aborted) onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
    const stream = await this.opening.catch(() => undefined);
    if (stream && Date.now() - this.#startedAt < USABLE_MS) return stream;
    stream?.close();
    return undefined;
  }

  /** Ends the exec unless it was taken. */
  close(): void {
    if (!this.#isTaken) this.#closing.abort(new Error('not needed'));
  }
}
