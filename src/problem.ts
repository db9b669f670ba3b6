/**
 * The class of a failure. Unlike messages, these words are stable: tests check them, and traces (--trace-timing)
 * contain them.
 */
export type ProblemKind =
  /** Incorrect use of the command line. */
  | 'usage'
  /** A kubeconfig or the settings file is invalid, or a file that it names is missing. */
  | 'configuration'
  /** The named object does not exist. */
  | 'not-found'
  /** The object to create already exists, or belongs to something else. */
  | 'exists'
  /** The server rejects the content of a request, for example a selector or an object. */
  | 'invalid'
  /** The object was changed by another client at the same time. */
  | 'conflict'
  /** The server did not accept the user's credentials. */
  | 'unauthenticated'
  /** RBAC does not permit it. */
  | 'forbidden'
  /** Refused, but not by RBAC: by Pod Security, a quota, a policy, a webhook, or a security module of the node. */
  | 'denied'
  /**
   * A server, or the pod behind it, gives no usable answer because of the network, a proxy, or the server itself.
   */
  | 'unreachable'
  /** The certificate of a server is not valid, or was issued by an unknown authority. */
  | 'untrusted'
  /**
   * The target cannot be debugged in its current state: a finished pod, a Windows or virtual node, a missing volume.
   */
  | 'unsuitable'
  /** The image cannot be pulled, or does not contain a program. */
  | 'image'
  /** A program or container in the cluster did not start, or not in time. */
  | 'not-started'
  /** A program in the cluster failed, or did not end. */
  | 'command-failed'
  /** The recorder failed: an unknown filter or interface, or a missing capability. */
  | 'recorder'
  /** The pod has no room for the capture. */
  | 'no-room'
  /** Packets, or a whole recording, are lost. */
  | 'lost'
  /** The content of a file, a stream or a copy is invalid. */
  | 'damaged'
  /** Facts about the cluster that are needed for an answer could not be collected. */
  | 'no-facts'
  /** A local file cannot be read. */
  | 'not-read'
  /** The local disk is full. */
  | 'disk-full'
  /** Writing to a local file, folder, pipe or program failed. */
  | 'not-written'
  /** A program that is required on this computer is not installed. */
  | 'missing-program'
  /** A program on this computer failed. */
  | 'program-failed'
  /** The user stopped it. */
  | 'interrupted'
  /** Everything else. */
  | 'failed';

export interface ProblemDetails {
  readonly kind: ProblemKind;
  readonly next: readonly string[];
  readonly exitCode: 1 | 2;
  readonly cause: unknown;
}

/** The default kind is that of a Problem in `cause`, else `usage` for exit code 2, else `failed`. */
type ProblemOptions = Partial<ProblemDetails> &
  (Pick<ProblemDetails, 'kind'> | Pick<ProblemDetails, 'cause'> | { readonly exitCode: 2 });

/**
 * An error for the user: what happened and why in `message`, and what to try next in `next`. Any other thrown error is
 * a bug, and is shown with its stack on request.
 */
export class Problem extends Error {
  override readonly name: string = 'Problem';
  /** Steps that the user can take, one sentence or command per line. May be empty. */
  readonly next: readonly string[];
  /** 1: failure; 2: usage error (as in kubectl and tcpdump). */
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

/** A usage error: exit code 2. */
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
