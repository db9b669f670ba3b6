import { Problem } from '../problem.ts';

/** Credentials that were good have expired or are refused, and no others can be had now. */
export class LoginLost extends Problem {
  /** Whether nobody asks for others any more: the same request cannot succeed later. */
  readonly isFinal: boolean;

  constructor(message: string, isFinal: boolean, cause: unknown) {
    super(message, {
      kind: 'unauthenticated',
      next: ['log in again, so that "kubectl get namespaces" works, and run the command again'],
      cause,
    });
    this.isFinal = isFinal;
  }
}

/** How often others are asked for, and the pause after each failure, in which the user may log in. */
const PAUSES_MS = [10_000, 30_000];
const MAX_FAILURES = PAUSES_MS.length + 1;

/**
 * Bounds how often a credential plugin is asked to renew a login. A plugin that cannot answer, as without a
 * terminal for its question, would otherwise be started for every request.
 */
export class LoginRenewals {
  readonly #who: string;
  readonly #onFailure: (problem: LoginLost, againInMs: number | undefined) => void;
  #failures = 0;
  #notBefore = 0;
  #last: LoginLost | undefined;

  constructor(
    who: string,
    onFailure: (problem: LoginLost, againInMs: number | undefined) => void = () => {},
  ) {
    this.#who = who;
    this.#onFailure = onFailure;
  }

  /** Throws the last failure where nobody is to be asked now. */
  check(): void {
    if (this.#last && (this.#last.isFinal || Date.now() < this.#notBefore)) throw this.#last;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#last = undefined;
  }

  /** Counts a failure; gives the Problem for it. */
  failed(reason: string, cause?: unknown): LoginLost {
    this.#failures += 1;
    const isFinal = this.#failures >= MAX_FAILURES;
    const pause = PAUSES_MS[this.#failures - 1] ?? 0;
    this.#notBefore = Date.now() + pause;
    const often = this.#failures === 1 ? '' : ` (asked ${this.#failures} times)`;
    this.#last = new LoginLost(
      `your login has expired, and ${this.#who} returned no new credentials${often}: ${reason}`,
      isFinal,
      cause,
    );
    this.#onFailure(this.#last, isFinal ? undefined : pause);
    return this.#last;
  }
}
