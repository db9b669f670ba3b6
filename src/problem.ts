/**
 * What sort of failure a Problem is. The words are stable, unlike messages: tests check them, and a trace of the
 * command (--trace-timing) names them.
 */
export type ProblemKind =
  /** Wrong use of the command line. */
  | 'usage'
  /** A kubeconfig or the settings file is wrong, or lacks a file that it names. */
  | 'configuration'
  /** What was named does not exist. */
  | 'not-found'
  /** What would be created exists already, or belongs to something else. */
  | 'exists'
  /** The server did not accept who asks. */
  | 'unauthenticated'
  /** RBAC does not permit it. */
  | 'forbidden'
  /** Refused, and not by RBAC: by Pod Security, a quota, a policy, a webhook, or a security module of the node. */
  | 'denied'
  /** A server, or the pod behind it, gives no usable answer: the network, a proxy, TLS, or the server itself. */
  | 'unreachable'
  /** The target cannot be debugged as it is: a finished pod, a Windows or virtual node, a missing volume. */
  | 'unsuitable'
  /** The image cannot be pulled, or lacks a program. */
  | 'image'
  /** A program or container in the cluster did not start, or not in time. */
  | 'not-started'
  /** A program in the cluster failed, or did not end. */
  | 'command-failed'
  /** The recorder failed: a filter or interface that it does not know, or a missing capability. */
  | 'recorder'
  /** The pod has no room for the capture. */
  | 'no-room'
  /** Packets, or a whole recording, are lost. */
  | 'lost'
  /** What was read is not what it should be: a file, a stream, a copy. */
  | 'damaged'
  /** What an answer needs to know of the cluster could not be collected. */
  | 'no-facts'
  /** A local file cannot be read. */
  | 'not-read'
  /** The local disk is full. */
  | 'disk-full'
  /** A local file, folder, pipe or program takes no output. */
  | 'not-written'
  /** A program that is needed on this computer is not installed. */
  | 'missing-program'
  /** A user stopped it. */
  | 'interrupted'
  /** Everything else. */
  | 'failed';

export interface ProblemDetails {
  readonly kind: ProblemKind;
  readonly next: readonly string[];
  readonly exitCode: 1 | 2;
  readonly cause: unknown;
}

/**
 * Without a kind, it is that of a Problem in `cause`; else `usage` with exit code 2, and `failed`.
 */
type ProblemOptions = Partial<ProblemDetails> &
  (Pick<ProblemDetails, 'kind'> | Pick<ProblemDetails, 'cause'> | { readonly exitCode: 2 });

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
  readonly kind: ProblemKind;

  constructor(message: string, options: ProblemOptions) {
    const { next = [], exitCode = 1, cause } = options;
    super(message, { cause });
    this.next = next;
    this.exitCode = exitCode;
    this.kind =
      options.kind ?? (cause instanceof Problem ? cause.kind : exitCode === 2 ? 'usage' : 'failed');
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
