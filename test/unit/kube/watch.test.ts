import { getEventListeners } from 'node:events';
import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ApiError } from '../../../src/kube/apiError.ts';
import { type WatchEvent, watch } from '../../../src/kube/watch.ts';
import { Problem } from '../../../src/problem.ts';
import { type FakeServer, fakeServer, json, type ReceivedRequest, status } from './fakeServer.ts';
import { recording } from './recordings.ts';

/** Requested pauses between attempts, in milliseconds; they really take a thousandth. */
const pauses = vi.hoisted((): number[] => []);
vi.mock('node:timers/promises', async (original) => {
  const real = await original<typeof import('node:timers/promises')>();
  const hasty: typeof real.setTimeout = (delay, ...rest) => {
    pauses.push(delay ?? 0);
    return real.setTimeout((delay ?? 0) / 1000, ...rest);
  };
  return { ...real, setTimeout: hasty };
});

interface Thing {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
}

const PATH = '/api/v1/namespaces/shop/pods';

function line(type: string, name: string, resourceVersion: string): string {
  return `${JSON.stringify({ type, object: { metadata: { name, resourceVersion } } })}\n`;
}

/** Answers each watch with the next of `answers`, and lists with an empty list at version 100. */
async function serverOf(
  ...answers: ((response: ServerResponse, request: ReceivedRequest) => void)[]
) {
  let turn = 0;
  return fakeServer({
    rest: (request, response) => {
      if (request.query.get('watch') !== 'true')
        json(response, 200, { metadata: { resourceVersion: '100' }, items: [] });
      else (answers[turn++] ?? ((open) => open.writeHead(200).flushHeaders()))(response, request);
    },
  });
}

/** Sends these texts and ends. */
function says(...texts: string[]) {
  return (response: ServerResponse) => {
    response.writeHead(200);
    for (const text of texts) response.write(text);
    response.end();
  };
}

function words(event: WatchEvent<Thing>): string {
  return event.type === 'RESTARTED'
    ? `RESTARTED ${event.items.length}`
    : `${event.type} ${event.object.metadata.name}`;
}

/** The first `count` events; then the watch is ended. */
async function first(server: FakeServer, count: number, resourceVersion?: string) {
  const events: string[] = [];
  const signal = new AbortController().signal;
  const all = watch<Thing>(server.api, {
    path: PATH,
    query: { fieldSelector: 'metadata.name=web' },
    ...(resourceVersion !== undefined && { resourceVersion }),
    signal,
  });
  for await (const event of all) {
    events.push(words(event));
    if (events.length === count) break;
  }
  const left = () => getEventListeners(signal, 'abort').length + server.connections.size;
  await vi.waitFor(() => expect(left()).toBe(0), { interval: 1 });
  return events;
}

/** The version at which each watch began; null for a list. */
function versions({ requests }: FakeServer): (string | null)[] {
  return requests.map(({ query }) => (query.get('watch') ? query.get('resourceVersion') : null));
}

afterEach(() => {
  vi.useRealTimers();
  pauses.length = 0;
});

describe('watch', () => {
  it('lists first without a version, and requests bookmarks', async () => {
    const server = await serverOf(says(line('ADDED', 'a', '101')));
    expect(await first(server, 2)).toEqual(['RESTARTED 0', 'ADDED a']);
    expect(versions(server)).toEqual([null, '100']);
    expect(Object.fromEntries(server.requests[1]?.query ?? [])).toEqual({
      fieldSelector: 'metadata.name=web',
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: '100',
    });
  });

  it('resumes at the last version after an end and after a broken connection', async () => {
    const server = await serverOf(
      says(line('ADDED', 'a', '5'), line('MODIFIED', 'a', '7')),
      (response) =>
        response.writeHead(200).write(line('DELETED', 'a', '9'), () => response.destroy()),
      says(line('ADDED', 'b', '11')),
    );
    const events = await first(server, 4, '4');
    expect(events).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a', 'ADDED b']);
    expect(versions(server)).toEqual(['4', '7', '9']);
  });

  it('resumes at a bookmark’s version and does not yield the bookmark', async () => {
    const server = await serverOf(says(line('BOOKMARK', '', '50')), says(line('ADDED', 'a', '51')));
    expect(await first(server, 1, '4')).toEqual(['ADDED a']);
    expect(versions(server)).toEqual(['4', '50']);
  });

  it.each<[string, (response: ServerResponse) => void]>([
    [
      'an event, as recorded',
      (response) =>
        says(recording<{ chunks: [number, string][] }>('watch-expired-410').chunks[0]?.[1] ?? '')(
          response,
        ),
    ],
    ['an answer', (response) => json(response, 410, status(410, 'Expired', 'too old'))],
  ])('lists again when its version has expired: %s', async (_, answer) => {
    const server = await serverOf(answer, says(line('ADDED', 'a', '101')));
    expect(await first(server, 2, '1')).toEqual(['RESTARTED 0', 'ADDED a']);
    expect(versions(server)).toEqual(['1', null, '100']);
  });

  it('joins split lines and characters, one byte at a time', async () => {
    const bytes = Buffer.from(`${line('ADDED', 'zażółć-🦀', '5')}\n${line('ADDED', 'b', '6')}`);
    const server = await serverOf(async (response) => {
      response.writeHead(200);
      response.socket?.setNoDelay();
      for (const byte of bytes) {
        response.write(Buffer.from([byte]));
        await new Promise(setImmediate);
      }
      response.end();
    });
    expect(await first(server, 2, '4')).toEqual(['ADDED zażółć-🦀', 'ADDED b']);
  });

  it('drops a line that was cut off, and gets it again on the next connection', async () => {
    const server = await serverOf(
      says(line('ADDED', 'a', '5'), line('ADDED', 'b', '6').slice(0, -10)),
      says(line('ADDED', 'b', '6')),
    );
    expect(await first(server, 2, '4')).toEqual(['ADDED a', 'ADDED b']);
    expect(versions(server)).toEqual(['4', '5']);
  });

  it.each([403, 401, 404])('throws a refusal: %i', async (code) => {
    const server = await serverOf((response) => json(response, code, status(code, 'No', 'no')));
    await expect(first(server, 1, '4')).rejects.toBeInstanceOf(ApiError);
    expect(server.requests).toHaveLength(1);
  });

  it('throws a refusal that arrives as an event', async () => {
    const error = { type: 'ERROR', object: status(403, 'Forbidden', 'no more') };
    const server = await serverOf(says(`${JSON.stringify(error)}\n`));
    await expect(first(server, 1, '4')).rejects.toMatchObject({ code: 403 });
  });

  it.each([500, 503, 429])('retries after %i: a server that restarts', async (code) => {
    const server = await serverOf(
      (response) => json(response, code, status(code, 'Later', 'not now')),
      says(line('ADDED', 'a', '5')),
    );
    expect(await first(server, 1, '4')).toEqual(['ADDED a']);
    expect(versions(server)).toEqual(['4', '4']);
  });

  it('ends with the reason of its signal, before and during a request', async () => {
    const server = await serverOf();
    const reason = new Error('enough');
    const all = (signal: AbortSignal) =>
      watch(server.api, { path: PATH, resourceVersion: '4', signal });
    await expect(all(AbortSignal.abort(reason)).next()).rejects.toBe(reason);
    expect(server.requests).toHaveLength(0);
    const abort = new AbortController();
    const next = all(abort.signal).next();
    await vi.waitFor(() => expect(server.requests).toHaveLength(1), { interval: 2 });
    await new Promise((resolve) => setTimeout(resolve, 20));
    abort.abort(reason);
    await expect(next).rejects.toBe(reason);
    await vi.waitFor(() => expect(server.connections.size).toBe(0), { interval: 2 });
  });

  it('does not hammer a server that ends every watch at once', async () => {
    let turn = 0;
    const server = await fakeServer({
      rest: (_, response) =>
        void response.writeHead(200).end(++turn === 20 ? line('ADDED', 'a', '5') : ''),
    });
    expect(await first(server, 1, '4')).toEqual(['ADDED a']);
    expect(pauses).toEqual(Array(19).fill(250));
  });
});

describe('a server that stays broken', () => {
  /** Returns the error with which a watch ends, and the number of requests. */
  async function untilGivenUp(rest: (request: ReceivedRequest, response: ServerResponse) => void) {
    const server = await fakeServer({ rest });
    const error = await first(server, 1_000, '4').catch((reason: unknown) => reason);
    return { error, requestCount: server.requests.length };
  }

  it.each<[string, (request: ReceivedRequest, response: ServerResponse) => void]>([
    ['breaks', (_, response) => response.destroy()],
    [
      'disconnects within an event',
      (_, response) => response.writeHead(200).write('{"ty', () => response.destroy()),
    ],
    ['sends invalid data', (_, response) => void response.end('<html>\n')],
    [
      'has internal errors',
      (_, response) => json(response, 500, status(500, 'InternalError', 'etcd')),
    ],
  ])('is given up: it %s', async (_, rest) => {
    const { error, requestCount } = await untilGivenUp(rest);
    expect(error).toBeInstanceOf(Problem);
    expect((error as Problem).kind).toBe('unreachable');
    expect(requestCount).toBe(8);
    expect(pauses).toEqual([250, 500, 1000, 2000, 4000, 8000, 16_000]);
  });

  it('is given up if every version expires at once', async () => {
    const { error, requestCount } = await untilGivenUp((request, response) =>
      request.query.get('watch')
        ? json(response, 410, status(410, 'Expired', 'too old'))
        : json(response, 200, { metadata: { resourceVersion: '1' }, items: [] }),
    );
    expect(error).toMatchObject({ code: 410 });
    expect(requestCount).toBeLessThan(20);
  });

  it('is not given up if it only breaks a quiet stream now and then', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    let turn = 0;
    const server = await fakeServer({
      rest: (_, response) => {
        turn += 1;
        response.writeHead(200);
        if (turn === 12) return void response.end(line('ADDED', 'a', '5'));
        response.flushHeaders();
        setImmediate(() =>
          setImmediate(() => {
            vi.setSystemTime(Date.now() + 30_000);
            response.destroy();
          }),
        );
      },
    });
    expect(await first(server, 1, '4')).toEqual(['ADDED a']);
  });
});
