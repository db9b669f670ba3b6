import { Problem } from '../problem.ts';

/** Valid credentials have expired or are refused, and there are no others at the moment. */
export class LoginExpired extends Problem {
  /** No more attempts are made to renew the login: the same request cannot succeed later. */
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

/** The pause after each failed renewal, which gives the user time to log in. One more failure is final. */
const RETRY_DELAYS_MS = [10_000, 30_000];
const MAX_FAILURES = RETRY_DELAYS_MS.length + 1;

/**
 * Limits how often a credential plugin is asked to renew a login. A plugin that cannot succeed, for example because it
 * has no terminal to prompt on, would otherwise be started for every request.
 */
export class LoginRenewals {
  readonly #source: string;
  readonly #onFailure: (problem: LoginExpired, retryInMs: number | undefined) => void;
  #failures = 0;
  #notBefore = 0;
  #last: LoginExpired | undefined;

  constructor(
    source: string,
    onFailure: (problem: LoginExpired, retryInMs: number | undefined) => void = () => {},
  ) {
    this.#source = source;
    this.#onFailure = onFailure;
  }

  /** Throws the last failure if it is too early for another attempt, or if there are no more. */
  throwIfExpired(): void {
    if (this.#last && (this.#last.isFinal || Date.now() < this.#notBefore)) throw this.#last;
  }

  recordSuccess(): void {
    this.#failures = 0;
    this.#last = undefined;
  }

  /** Counts a failure, and returns the Problem for it. */
  recordFailure(reason: string, cause?: unknown): LoginExpired {
    this.#failures += 1;
    const isFinal = this.#failures >= MAX_FAILURES;
    const delay = RETRY_DELAYS_MS[this.#failures - 1] ?? 0;
    this.#notBefore = Date.now() + delay;
    const attempts = this.#failures === 1 ? '' : ` (asked ${this.#failures} times)`;
    this.#last = new LoginExpired(
      `your login has expired, and ${this.#source} returned no new credentials${attempts}: ${reason}`,
      isFinal,
      cause,
    );
    this.#onFailure(this.#last, isFinal ? undefined : delay);
    return this.#last;
  }
}
