import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { refusal } from '../cluster/apiserver/authorize.ts';
import type { ResourceRoute } from '../cluster/apiserver/route.ts';
import {
  ApiError,
  conflict,
  PlainRefusal,
  type StatusDetails,
  unauthorized,
} from '../cluster/apiserver/status.ts';
import { matchesPattern, type Switches } from './switches.ts';

const RECORDINGS = join(import.meta.dirname, '..', 'cluster', 'recordings');

/** The proxy does not know the user. */
const UNKNOWN_USER = { name: 'somebody', groups: [] };

/** The refusal for the switch `http-error`, and the next value of the switch. */
export function answerFor(
  switches: Switches,
  route: ResourceRoute,
): { readonly error: Error; readonly counted: boolean; readonly next?: string } | undefined {
  const value = switches['http-error'];
  if (value === undefined) return undefined;
  const [code = '500', times = '*', verb = '*', resource = '*'] = value.split(' ');
  const resourcePath = route.subresource
    ? `${route.resource}/${route.subresource}`
    : route.resource;
  if (!matchesPattern(verb, route.verb) || !matchesPattern(resource, resourcePath))
    return undefined;
  const recording = switches['http-error-recording'];
  const error =
    recording === undefined
      ? refusalOf(Number(code), switches['retry-after'], route)
      : recordedError(recording);
  const timesLeft = Number(times) - 1;
  return {
    error,
    counted: times !== '*',
    ...(timesLeft > 0 && { next: `${code} ${timesLeft} ${verb} ${resource}` }),
  };
}

function refusalOf(code: number, retryAfter: string | undefined, route: ResourceRoute): Error {
  const pause = retryAfter === 'none' ? {} : { retryAfterSeconds: Number(retryAfter ?? 1) };
  switch (code) {
    case 401:
      return unauthorized();
    case 403:
      return refusal(UNKNOWN_USER, route);
    case 409:
      return conflict(
        route,
        route.name,
        'the object has been modified; please apply your changes to the latest version and try again',
      );
    case 429:
      // The real server's request limits respond in plain text.
      return new PlainRefusal(429, 'Too many requests, please try again later.\n', pause);
    case 503:
      return new ApiError(
        503,
        'ServiceUnavailable',
        'the server is currently unable to handle the request',
        pause,
      );
    default:
      return new ApiError(
        code,
        'InternalError',
        'an error on the server has prevented the request',
      );
  }
}

interface Recording {
  readonly status: number;
  readonly body:
    | string
    | { readonly reason?: string; readonly message: string; readonly details?: StatusDetails };
}

/** A recorded response of a real API server, from the folder of recordings. */
function recordedError(name: string): Error {
  if (!/^[\w-]+$/.test(name)) throw new Error(`not the name of a recording: ${name}`);
  const { status, body } = JSON.parse(
    readFileSync(join(RECORDINGS, `${name}.json`), 'utf8'),
  ) as Recording;
  return typeof body === 'string'
    ? new PlainRefusal(status, body, {})
    : new ApiError(status, body.reason ?? '', body.message, body.details);
}
