import type { IncomingMessage } from 'node:http';
import { StringDecoder } from 'node:string_decoder';
import { Problem } from '../problem.ts';
import { type KubeApi, sleep } from './api.ts';
import { ApiError, connectionProblem, isApiError, isStatus } from './apiError.ts';

interface WithResourceVersion {
  readonly metadata?: { readonly resourceVersion?: string };
}

/** One change of a watched collection. RESTARTED means that changes may have been missed. */
export type WatchEvent<T> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  | { readonly type: 'RESTARTED'; readonly items: readonly T[] };

export interface WatchOptions {
  /** The collection's path, such as /api/v1/namespaces/default/pods. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Start after this version. Without one, the collection is listed first (RESTARTED). */
  readonly resourceVersion?: string;
  readonly signal: AbortSignal;
}

/** Pause before a watch is opened again, so that a broken server is not hammered. */
const RECONNECT_MS = 250;
/** The watch gives up after this many failures in a row: about 30 s with growing pauses. */
const MAX_FAILURES = 8;
/** A stream that lasted this long was working, even if it broke before any event arrived. */
const STABLE_MS = 10_000;

/**
 * Follows a collection until the signal ends it. A stream that ends or breaks is opened again at the last version seen.
 * If the server no longer has that version (410), the collection is listed again and returned as RESTARTED. Throws
 * ApiError for a refusal, Problem if the server stays unreachable, and the signal's reason when aborted.
 */
export async function* watch<T>(
  api: KubeApi,
  options: WatchOptions,
): AsyncGenerator<WatchEvent<T>, never> {
  let version = options.resourceVersion;
  let failures = 0;
  for (;;) {
    options.signal.throwIfAborted();
    let openedAt = Number.POSITIVE_INFINITY;
    try {
      if (version === undefined) {
        const list = await api.get<{ items: T[] } & WithResourceVersion>(options.path, {
          ...(options.query && { query: options.query }),
          signal: options.signal,
        });
        version = list.metadata?.resourceVersion ?? '0';
        yield { type: 'RESTARTED', items: list.items };
      }
      const stream = await openWatch(api, options, version);
      openedAt = Date.now();
      for await (const event of readEvents<T>(stream)) {
        failures = 0;
        const resourceVersion = (event.object as WithResourceVersion).metadata?.resourceVersion;
        if (resourceVersion !== undefined) version = resourceVersion;
        if (event.type !== 'BOOKMARK') yield { type: event.type, object: event.object };
      }
      await sleep(RECONNECT_MS, options.signal);
    } catch (error) {
      options.signal.throwIfAborted();
      if (isPermanent(error)) throw error;
      if (isExpired(error)) version = undefined;
      if (Date.now() - openedAt > STABLE_MS) failures = 0;
      failures += 1;
      if (failures >= MAX_FAILURES) throw connectionProblem(api.access.server, error);
      await sleep(RECONNECT_MS * 2 ** (failures - 1), options.signal);
    }
  }
}

/** A refusal that will not change: the server is not overloaded or restarting, and the version is not expired. */
function isPermanent(error: unknown): boolean {
  return error instanceof ApiError && error.code < 500 && error.code !== 429 && !isExpired(error);
}

function isExpired(error: unknown): boolean {
  return isApiError(error, 410);
}

interface RawEvent<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: T;
}

async function openWatch(
  api: KubeApi,
  { path, query, signal }: WatchOptions,
  resourceVersion: string,
): Promise<IncomingMessage> {
  return api.stream(path, {
    query: { ...query, watch: 'true', allowWatchBookmarks: 'true', resourceVersion },
    signal,
  });
}

/** The events of an open watch. Leaving the loop destroys the response. */
async function* readEvents<T>(response: IncomingMessage): AsyncGenerator<RawEvent<T>> {
  for await (const line of splitLines(response)) {
    const event = JSON.parse(line) as { type?: string; object?: unknown };
    if (event.type === 'ERROR')
      throw isStatus(event.object)
        ? new ApiError(
            event.object.code ?? 500,
            event.object.reason ?? 'Unknown',
            event.object.message ?? 'the watch failed',
          )
        : new Problem('the watch failed without a reason', { kind: 'unreachable' });
    yield event as RawEvent<T>;
  }
}

/** Splits a stream into its lines. A last line without a line end was cut off, and is dropped. */
async function* splitLines(stream: IncomingMessage): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of stream) {
    const parts = (rest + decoder.write(chunk as Buffer)).split('\n');
    rest = parts.pop() ?? '';
    for (const line of parts) if (line !== '') yield line;
  }
}
