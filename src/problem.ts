/**
 * An error meant for the user: what happened and why in `message`, what to try next in `next`.
 * Anything else that is thrown is a bug, and is shown with its stack on request.
 */
export class Problem extends Error {
  override readonly name: string = 'Problem';
  /** Steps the user can take, one sentence or command a line; may be empty. */
  readonly next: readonly string[];
  /** 1: failure; 2: wrong usage (as in kubectl and tcpdump). */
  readonly exitCode: 1 | 2;

  constructor(
    message: string,
    options: { next?: readonly string[]; exitCode?: 1 | 2; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.next = options.next ?? [];
    this.exitCode = options.exitCode ?? 1;
  }
}

/** A wrong use of the command line: exit code 2. */
export function wrongUsage(message: string, ...next: string[]): Problem {
  return new Problem(message, { exitCode: 2, next });
}

/** The code of a Node system error (`ENOENT`, `ECONNREFUSED` …), undefined for anything else. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
