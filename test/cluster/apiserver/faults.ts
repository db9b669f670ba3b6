import type { Store } from '../store.ts';
import { refusal } from './authorize.ts';
import type { ResourceRoute } from './route.ts';
import { ApiError, conflict, PlainRefusal, unauthorized } from './status.ts';
import type { User } from './users.ts';

/**
 * Annotations of a namespace that make the server misbehave in it. `kubectl annotate` sets them, and
 * so do tests; whatever is counted counts down in the annotation, and is gone when it is used up.
 *
 * Requests about objects in the namespace:
 *
 * | `netdebug.test/…` | value | what happens |
 * |---|---|---|
 * | `answer` | `CODE [TIMES [VERB [RESOURCE]]]` | 401, 403, 409, 429, 500, 503 … to the next requests; `*` is any: `429 3`, `503 1 get pods/exec`, `500 * patch`. Websockets are a `get`, as for RBAC |
 * | `retry-after` | `SECONDS` or `none` | of 429 and 503; without it 1 |
 * | `clock-skew` | `SECONDS` | the Date and every time in answers are that much later (or, with `-`, earlier) |
 * | `expire-watches` | anything new | ends every watch with 410 Expired |
 *
 * Streams (exec, attach, portforward, watch, log), from their next start on:
 *
 * | `netdebug.test/…` | value | what happens |
 * |---|---|---|
 * | `cut-after` | `BYTES [HOW]` | after so many bytes to the client the connection ends: `fin` (the default), `rst`, or `blackhole`: nothing passes either way, nothing is closed |
 * | `stall-after` | `BYTES` | nothing more is sent, nothing is closed; the client is still heard |
 * | `throttle` | `BYTES` | so many bytes a second to the client |
 * | `idle-cut` | `SECONDS` | a proxy in front resets connections that were silent so long, requests' too |
 * | `refuse-v5` | `true` | exec over websocket agrees to v4 alone, as before Kubernetes 1.30 |
 * | `close-stdout-after` | `BYTES` | exec over v5: a frame of channel 255 ends stdout, the command goes on |
 * | `no-status` | `true` | exec over v5 ends without its status frame |
 * | `garble-status` | `true` | exec over v5 ends with half of it |
 * | `only-streams` | `TIMES [KIND]` | these switches, but for `idle-cut` and `refuse-v5`, concern the next streams (of that kind) alone: `1 exec`, `* watch` |
 *
 * Of the namespace kube-system, about the listener of the kubeconfig `admin-unsteady` alone, so that
 * whoever else uses the cluster is not disturbed:
 *
 * | `netdebug.test/…` | value | what happens |
 * |---|---|---|
 * | `restart` | `MILLISECONDS` | every connection is dropped, new ones are refused so long, then all is as before |
 */
const PREFIX = 'netdebug.test/';

export const EXPIRE_WATCHES = `${PREFIX}expire-watches`;
const RESTART_NAMESPACE = 'kube-system';

export type StreamKind = 'exec' | 'attach' | 'portforward' | 'watch' | 'log';

/** What goes wrong with one stream; bytes are those to the client. */
export interface StreamFault {
  readonly endsAfter: number;
  readonly end: 'fin' | 'rst' | 'blackhole' | 'stall';
  readonly bytesPerSecond: number;
  readonly stdoutClosesAfter: number;
  readonly status: 'sent' | 'left out' | 'garbled';
}

const SOUND: StreamFault = {
  endsAfter: Number.POSITIVE_INFINITY,
  end: 'fin',
  bytesPerSecond: Number.POSITIVE_INFINITY,
  stdoutClosesAfter: Number.POSITIVE_INFINITY,
  status: 'sent',
};

/** Throws the answer that the namespace's annotation asks for, and counts it. */
export function answerWithFault(store: Store, route: ResourceRoute, user: User): void {
  const asked = annotation(store, route.namespace, 'answer');
  if (asked === undefined) return;
  const [code = '500', times = '*', verb = '*', resource = '*'] = asked.split(' ');
  const what = route.subresource ? `${route.resource}/${route.subresource}` : route.resource;
  if (!fits(verb, route.verb) || !fits(resource, what)) return;
  countDown(store, route.namespace, 'answer', times, (left) =>
    left > 0 ? `${code} ${left} ${verb} ${resource}` : undefined,
  );
  throw refusalWith(Number(code), annotation(store, route.namespace, 'retry-after'), route, user);
}

function refusalWith(
  code: number,
  retryAfter: string | undefined,
  route: ResourceRoute,
  user: User,
): Error {
  const wait = retryAfter === 'none' ? {} : { retryAfterSeconds: Number(retryAfter ?? 1) };
  switch (code) {
    case 401:
      return unauthorized();
    case 403:
      return refusal(user, route);
    case 409:
      return conflict(
        route,
        route.name,
        'the object has been modified; please apply your changes to the latest version and try again',
      );
    case 429:
      // The real server's limits of requests speak plain text.
      return new PlainRefusal(429, 'Too many requests, please try again later.\n', wait);
    case 503:
      return new ApiError(
        503,
        'ServiceUnavailable',
        'the server is currently unable to handle the request',
        wait,
      );
    default:
      return new ApiError(
        code,
        'InternalError',
        'an error on the server has prevented the request',
      );
  }
}

/** What is to go wrong with a stream that starts now, which is counted. */
export function takeStreamFault(store: Store, namespace: string, kind: StreamKind): StreamFault {
  const read = (name: string) => annotation(store, namespace, name);
  const [cut, end = 'fin'] = read('cut-after')?.split(' ') ?? [];
  const stall = read('stall-after');
  const fault: StreamFault = {
    endsAfter: Number(cut ?? stall ?? SOUND.endsAfter),
    end: cut === undefined ? 'stall' : isEnd(end) ? end : 'fin',
    bytesPerSecond: Number(read('throttle') ?? SOUND.bytesPerSecond),
    stdoutClosesAfter: Number(read('close-stdout-after') ?? SOUND.stdoutClosesAfter),
    status:
      read('no-status') === 'true'
        ? 'left out'
        : read('garble-status') === 'true'
          ? 'garbled'
          : 'sent',
  };
  const [times = '*', only = '*'] = read('only-streams')?.split(' ') ?? [];
  if (!fits(only, kind) || times === '0') return SOUND;
  // Stays at 0: without the annotation the next stream would be faulty again.
  countDown(store, namespace, 'only-streams', times, (left) => `${left} ${only}`);
  return fault;
}

function isEnd(word: string): word is StreamFault['end'] {
  return ['fin', 'rst', 'blackhole'].includes(word);
}

export function refusesV5(store: Store, namespace: string): boolean {
  return annotation(store, namespace, 'refuse-v5') === 'true';
}

/** Seconds of silence after which connections are cut; undefined when they are not. */
export function idleCut(store: Store, namespace: string): number | undefined {
  const seconds = annotation(store, namespace, 'idle-cut');
  return seconds === undefined ? undefined : Number(seconds);
}

/** Seconds by which the server's clock is ahead. */
export function clockSkew(store: Store, namespace: string): number {
  return Number(annotation(store, namespace, 'clock-skew') ?? 0);
}

/** Calls `restart` with the milliseconds of absence each time a restart is asked for. */
export function onRestartAsked(store: Store, restart: (milliseconds: number) => void): () => void {
  return store.subscribe(({ type, resource, object }) => {
    const { name } = object.metadata;
    if (type !== 'MODIFIED' || resource !== 'namespaces' || name !== RESTART_NAMESPACE) return;
    const asked = annotation(store, name, 'restart');
    if (asked === undefined) return;
    setAnnotation(store, name, 'restart', undefined);
    restart(Number(asked));
  });
}

function fits(pattern: string, value: string): boolean {
  return pattern === '*' || pattern === value;
}

function countDown(
  store: Store,
  namespace: string,
  name: string,
  times: string,
  next: (left: number) => string | undefined,
): void {
  if (times !== '*') setAnnotation(store, namespace, name, next(Number(times) - 1));
}

function annotation(store: Store, namespace: string, name: string): string | undefined {
  return store.get('namespaces', undefined, namespace)?.metadata.annotations?.[PREFIX + name];
}

function setAnnotation(
  store: Store,
  namespace: string,
  name: string,
  value: string | undefined,
): void {
  store.update('namespaces', undefined, namespace, ({ metadata }) => {
    const { [PREFIX + name]: _old, ...others } = metadata.annotations ?? {};
    metadata.annotations = value === undefined ? others : { ...others, [PREFIX + name]: value };
    return undefined;
  });
}
