/** One invalid field of a rejected object. */
export interface Cause {
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly Partial<Cause>[];
  readonly retryAfterSeconds?: number;
}

/** The body of every response that is not an object. */
export interface Status {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: Record<string, never>;
  readonly status: 'Success' | 'Failure';
  readonly message?: string;
  readonly reason?: string;
  readonly details?: StatusDetails;
  readonly code?: number;
}

/** A refusal, with the body that the client gets. */
export class ApiError extends Error {
  readonly status: Status;
  readonly code: number;

  constructor(code: number, reason: string | undefined, message: string, details?: StatusDetails) {
    super(message);
    this.name = 'ApiError';
    this.code = code;
    this.status = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      ...(reason !== undefined && { reason }),
      ...(details && { details }),
      code,
    };
  }
}

/** A refusal by the authorizer, before any object is accessed. */
export class AuthorizerRefusal extends ApiError {}

/** A refusal in plain text, from a part of the server that does not handle objects. */
export class PlainRefusal extends Error {
  readonly code: number;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: number, text: string, { retryAfterSeconds }: StatusDetails = {}) {
    super(text);
    this.name = 'PlainRefusal';
    this.code = code;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** A plural resource and its API group ('' for the core group). */
export interface GroupResource {
  readonly group: string;
  readonly resource: string;
}

/** `pods`, `deployments.apps`: the form in error messages and in the store. */
export function qualifiedName({ group, resource }: GroupResource): string {
  return group ? `${resource}.${group}` : resource;
}

export function success(details: StatusDetails): Status {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details,
  };
}

export function notFound(of: GroupResource, name: string): ApiError {
  const message = `${qualifiedName(of)} "${name}" not found`;
  return new ApiError(404, 'NotFound', message, detailsOf(of, name));
}

/** For a path that does not belong to any resource. */
export function noSuchResource(): ApiError {
  return new ApiError(404, 'NotFound', 'the server could not find the requested resource', {});
}

export function alreadyExists(of: GroupResource, name: string): ApiError {
  const message = `${qualifiedName(of)} "${name}" already exists`;
  return new ApiError(409, 'AlreadyExists', message, detailsOf(of, name));
}

export function conflict(of: GroupResource, name: string, why: string): ApiError {
  const message = `Operation cannot be fulfilled on ${qualifiedName(of)} "${name}": ${why}`;
  return new ApiError(409, 'Conflict', message, detailsOf(of, name));
}

export function forbidden(of: GroupResource, name: string, why: string): ApiError {
  const subject = name ? `${qualifiedName(of)} "${name}"` : qualifiedName(of);
  return new ApiError(403, 'Forbidden', `${subject} is forbidden: ${why}`, detailsOf(of, name));
}

export function badRequest(message: string): ApiError {
  return new ApiError(400, 'BadRequest', message);
}

export function internalError(message: string): ApiError {
  return new ApiError(500, 'InternalError', `Internal error occurred: ${message}`, {
    causes: [{ message }],
  });
}

export function unauthorized(): ApiError {
  return new ApiError(401, 'Unauthorized', 'Unauthorized');
}

export function methodNotAllowed(): ApiError {
  const message = 'the server does not allow this method on the requested resource';
  return new ApiError(405, 'MethodNotAllowed', message, {});
}

export function unsupportedMediaType(accepted: readonly string[]): ApiError {
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`;
  return new ApiError(415, 'UnsupportedMediaType', message);
}

/** 422 with every invalid field. `kind` and `name` are empty if the body could not be decoded. */
export function invalid(
  kind: { readonly group: string; readonly kind: string },
  name: string,
  causes: readonly Cause[],
): ApiError {
  const texts = [
    ...new Set(causes.map((cause) => [cause.field, cause.message].filter(Boolean).join(': '))),
  ];
  const qualified = kind.group ? `${kind.kind}.${kind.group}` : kind.kind;
  const list = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`;
  return new ApiError(422, 'Invalid', `${qualified} "${name}" is invalid: ${list}`, {
    ...(name && { name }),
    ...(kind.group && { group: kind.group }),
    ...(kind.kind && { kind: kind.kind }),
    causes,
  });
}

function detailsOf(of: GroupResource, name: string): StatusDetails {
  return { ...(name && { name }), ...(of.group && { group: of.group }), kind: of.resource };
}
