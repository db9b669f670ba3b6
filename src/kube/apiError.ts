import { errorCode, messageOf, Problem, type ProblemKind } from '../problem.ts';
import { isDenial } from './admission.ts';
import { hostnameMismatchText } from './hostnameMismatch.ts';

/** The body of a refusal, as the API server sends it (meta/v1 Status). */
export interface Status {
  readonly kind: 'Status';
  readonly message?: string;
  readonly reason?: string;
  readonly code?: number;
  readonly details?: {
    readonly name?: string;
    readonly kind?: string;
    readonly causes?: readonly { readonly reason?: string; readonly message?: string }[];
  };
}

/** What is known about a request apart from the server's answer. */
interface RefusedRequest {
  readonly namespace?: string | undefined;
  readonly retryAfterMs?: number | undefined;
}

/** The API server refused a request. The message is worded as kubectl words it. */
export class ApiError extends Problem {
  override readonly name = 'ApiError';
  readonly code: number;
  readonly reason: string;
  /** The server's own message, without kubectl's prefix. */
  readonly serverMessage: string;

  /** The namespace of the request. Undefined for a cluster-wide request. */
  readonly namespace: string | undefined;
  /** Milliseconds that the server asks clients to wait before they retry (its Retry-After header). */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: number,
    reason: string,
    serverMessage: string,
    { namespace, retryAfterMs }: RefusedRequest = {},
  ) {
    super(kubectlMessage(code, reason, serverMessage), {
      kind: problemKind(code, reason, serverMessage),
    });
    this.namespace = namespace;
    this.retryAfterMs = retryAfterMs;
    this.code = code;
    this.reason = reason;
    this.serverMessage = serverMessage;
  }
}

/** Whether the API server answered with this HTTP status code. */
export function isApiError(error: unknown, code: number): error is ApiError {
  return error instanceof ApiError && error.code === code;
}

/** For `catch` when the object may no longer exist. Rethrows other errors. */
export function ignoreNotFound(error: unknown): undefined {
  if (!isApiError(error, 404)) throw error;
}

/**
 * An error response whose body is not a Status. The API server sends a Status with every error except its request limit
 * (429). A kubelet behind an accepted exec, and proxies in between, send plain text.
 */
export class NonStatusError extends ApiError {
  readonly server: URL;

  constructor(code: number, body: string, server: URL, request: RefusedRequest = {}) {
    super(code, 'Unknown', body.trim() || `the server answered ${code} with no reason`, request);
    this.server = server;
  }
}

/** An error response, without its body. */
export interface ErrorResponse {
  readonly code: number;
  readonly server: URL;
  /** The path of the request, without the path of the server's address. */
  readonly path: string;
  /** The Retry-After header. Only a number of seconds is understood. */
  readonly retryAfter: string | undefined;
}

/** Reads the body of an error: a Status in JSON, or whatever else `server` or a proxy in front of it sends. */
export function apiError(
  body: string,
  { code, server, path, retryAfter }: ErrorResponse,
): ApiError {
  const request = {
    namespace: /^\/apis?\/.*?\/namespaces\/([^/]+)/.exec(path)?.[1],
    retryAfterMs: retryAfter === undefined ? undefined : Number(retryAfter) * 1000,
  };
  const status = parseStatus(body);
  if (status)
    return new ApiError(
      status.code ?? code,
      status.reason ?? 'Unknown',
      status.message ?? `the server answered ${code}`,
      request,
    );
  return new NonStatusError(code, body, server, request);
}

export function parseStatus(body: string): Status | undefined {
  try {
    const parsed: unknown = JSON.parse(body);
    return isStatus(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

export function isStatus(value: unknown): value is Status {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'Status';
}

function problemKind(code: number, reason: string, serverMessage: string): ProblemKind {
  if (isDenial(serverMessage)) return 'denied';
  if (code === 401) return 'unauthenticated';
  if (code === 403) return 'forbidden';
  if (code === 404) return 'not-found';
  if (code === 409) return reason === 'AlreadyExists' ? 'exists' : 'conflict';
  if (code === 400 || code === 422) return 'invalid';
  return code >= 500 || code === 429 ? 'unreachable' : 'failed';
}

function kubectlMessage(code: number, reason: string, message: string): string {
  if (code === 401) return `You must be logged in to the server (${message})`;
  return reason === 'Unknown'
    ? `Error from server: ${message}`
    : `Error from server (${reason}): ${message}`;
}

/** Whether the same request may succeed later: the server could not be reached, or had an internal error. */
export function isTransient(error: unknown): boolean {
  if (error instanceof ApiError)
    return (error.code >= 500 || error.code === 429) && !isDenial(error.serverMessage);
  if (!(error instanceof Problem) || error.cause === undefined) return false;
  return error.cause instanceof ApiError ? isTransient(error.cause) : true;
}

/** The Problem for a server that cannot be reached, with kubectl's wording. */
export function connectionProblem(server: URL, error: unknown): Problem {
  if (error instanceof Problem) return error;
  const options = { kind: 'unreachable', cause: error } as const;
  switch (errorCode(error)) {
    case 'ECONNREFUSED':
      return new Problem(
        `The connection to the server ${server.host} was refused - did you specify the right host or port?`,
        options,
      );
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new Problem(
        `Unable to connect to the server: dial tcp: lookup ${server.hostname}: no such host`,
        options,
      );
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return new Problem(
        `Unable to connect to the server: dial tcp ${server.host}: ${messageOf(error)}`,
        { ...options, next: ['is the network (VPN, proxy) to the cluster up?'] },
      );
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
      return new Problem(
        'Unable to connect to the server: tls: failed to verify certificate: x509: certificate signed by unknown authority',
        {
          ...options,
          kind: 'untrusted',
          next: ['the kubeconfig has no certificate-authority for this server, or an old one'],
        },
      );
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return new Problem(
        `Unable to connect to the server: tls: failed to verify certificate: x509: ${hostnameMismatchText(error)}`,
        {
          ...options,
          kind: 'untrusted',
          next: ['set the name in the certificate of the server with --tls-server-name'],
        },
      );
    case 'CERT_HAS_EXPIRED':
    case 'CERT_NOT_YET_VALID':
      return new Problem(
        `Unable to connect to the server: tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time ${new Date().toISOString()}`,
        { ...options, kind: 'untrusted', next: ['is the clock of this computer correct?'] },
      );
    case 'EPROTO':
      return new Problem(
        /wrong version number/.test(messageOf(error))
          ? 'Unable to connect to the server: http: server gave HTTP response to HTTPS client'
          : `Unable to connect to the server: ${messageOf(error)}`,
        options,
      );
    default:
      return new Problem(
        `Unable to connect to the server ${server.host}: ${messageOf(error)}`,
        options,
      );
  }
}
