import type { IncomingMessage } from 'node:http';
import { StringDecoder } from 'node:string_decoder';
import { Problem } from '../problem.ts';
import { type KubeApi, sleep } from './api.ts';
import { ApiError, isStatus } from './apiError.ts';

interface Versioned {
  readonly metadata?: { readonly resourceVersion?: string };
}

/** One change of a watched collection; RESTARTED when changes may have been missed. */
export type WatchEvent<T> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  | { readonly type: 'RESTARTED'; readonly items: readonly T[] };

export interface WatchOptions {
  /** The collection's path, such as /api/v1/namespaces/default/pods. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Start after this version; without one the collection is listed first (RESTARTED). */
  readonly resourceVersion?: string;
  readonly signal: AbortSignal;
}

/** Pause after a watch that ended at once, so that a broken server is not hammered. */
const RECONNECT_MS = 250;
/** Failures to reconnect in a row after which the watch gives up: about 30 s with growing pauses. */
const MAX_FAILURES = 8;

/**
 * Follows a collection until the signal ends it: a stream that ends or breaks is opened again at
 * the last version seen; when the server has forgotten that version (410), the collection is
 * listed again and given as RESTARTED. Throws ApiError for a refusal, Problem when the server
 * stays out of reach, and the signal's reason when aborted.
 */
export async function* watch<T>(
  api: KubeApi,
  options: WatchOptions,
): AsyncGenerator<WatchEvent<T>, never> {
  let version = options.resourceVersion;
  let failures = 0;
  for (;;) {
    options.signal.throwIfAborted();
    try {
      if (version === undefined) {
        const list = await api.get<{ items: T[] } & Versioned>(options.path, {
          ...(options.query && { query: options.query }),
          signal: options.signal,
        });
        version = list.metadata?.resourceVersion ?? '0';
        yield { type: 'RESTARTED', items: list.items };
      }
      for await (const event of openWatch<T>(api, options, version)) {
        failures = 0;
        const seen = (event.object as Versioned).metadata?.resourceVersion;
        if (seen !== undefined) version = seen;
        if (event.type !== 'BOOKMARK') yield { type: event.type, object: event.object };
      }
      await sleep(RECONNECT_MS, options.signal);
    } catch (error) {
      options.signal.throwIfAborted();
      if (error instanceof ApiError) {
        if (error.code !== 410) throw error;
        version = undefined;
        continue;
      }
      failures += 1;
      if (failures >= MAX_FAILURES) throw error;
      await sleep(RECONNECT_MS * 2 ** failures, options.signal);
    }
  }
}

interface RawEvent<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: T;
}

async function* openWatch<T>(
  api: KubeApi,
  { path, query, signal }: WatchOptions,
  resourceVersion: string,
): AsyncGenerator<RawEvent<T>> {
  const response = await api.stream(path, {
    query: { ...query, watch: 'true', allowWatchBookmarks: 'true', resourceVersion },
    signal,
  });
  try {
    for await (const line of lines(response)) {
      const event = JSON.parse(line) as { type?: string; object?: unknown };
      if (event.type === 'ERROR')
        throw isStatus(event.object)
          ? new ApiError(
              event.object.code ?? 500,
              event.object.reason ?? 'Unknown',
              event.object.message ?? 'the watch failed',
            )
          : new Problem('the watch failed without a reason');
      yield event as RawEvent<T>;
    }
  } finally {
    response.destroy();
  }
}

/** Splits a stream into its lines; a last one without an end was cut and is dropped. */
async function* lines(stream: IncomingMessage): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of stream) {
    const parts = (rest + decoder.write(chunk as Buffer)).split('\n');
    rest = parts.pop() ?? '';
    for (const line of parts) if (line !== '') yield line;
  }
}
