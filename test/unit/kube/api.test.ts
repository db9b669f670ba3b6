import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { KubeApi } from '../../../src/kube/api.ts';
import { ApiError } from '../../../src/kube/apiError.ts';
import { Problem } from '../../../src/problem.ts';
import { accessTo, fakeServer, json, status } from './fakeServer.ts';
import { recording } from './recordings.ts';

async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('requests', () => {
  it('keep the path of the server’s address and encode the query', async () => {
    const { api, requests } = await fakeServer({
      prefix: '/k8s/c-1/',
      rest: (_, response) => json(response, 200, { ok: true }),
    });
    await api.get('/api/v1/pods', { query: { fieldSelector: 'a=b,c={d&e}', limit: '1' } });
    expect(requests[0]).toMatchObject({ method: 'GET', path: '/k8s/c-1/api/v1/pods' });
    expect(requests[0]?.query.get('fieldSelector')).toBe('a=b,c={d&e}');
    expect(requests[0]?.headers).toMatchObject({
      accept: 'application/json',
      authorization: 'Bearer secret',
    });
  });

  it('send their body and its type', async () => {
    const { api, requests } = await fakeServer({ rest: (_, response) => json(response, 201, {}) });
    await api.post('/api/v1/x', { name: 'ü' });
    await api.patch('/api/v1/x', { a: 1 }, 'application/strategic-merge-patch+json');
    expect(
      requests.map(({ method, body, headers }) => [method, body, headers['content-type']]),
    ).toEqual([
      ['POST', '{"name":"ü"}', 'application/json'],
      ['PATCH', '{"a":1}', 'application/strategic-merge-patch+json'],
    ]);
  });

  it('get new credentials each time', async () => {
    const { access, requests } = await fakeServer({
      rest: (_, response) => json(response, 200, {}),
    });
    let token = 0;
    const api = new KubeApi({ ...access, headers: async () => ({ authorization: `t${++token}` }) });
    await api.get('/a');
    await api.get('/b');
    api.close();
    expect(requests.map(({ headers }) => headers.authorization)).toEqual(['t1', 't2']);
  });
});

it('reports each request until it is answered or has failed', async () => {
  const { access } = await fakeServer({
    rest: (request, response) =>
      request.path === '/api' ? json(response, 200, {}) : response.destroy(),
  });
  let open = 0;
  let most = 0;
  const onRequest = () => {
    most = Math.max(most, ++open);
    return () => {
      open -= 1;
    };
  };
  const api = new KubeApi(Object.create(access, { onRequest: { value: onRequest } }));
  await Promise.allSettled([api.get('/api'), api.get('/apis')]);
  expect({ open, most }).toEqual({ open: 0, most: 2 });
});

describe('refusals', () => {
  it.each([
    ['rbac-pod-get-403', /^Error from server \(Forbidden\): pods "a" is forbidden: User /],
    ['pod-get-404', /^Error from server \(NotFound\): pods "[^"]+" not found$/],
    ['unauthorized-401', /^You must be logged in to the server \(Unauthorized\)$/],
    ['ephemeral-psa-restricted', /violates PodSecurity/],
  ])('%s', async (name, message) => {
    const { status: code, body } = recording<{ status: number; body: unknown }>(name);
    const { api } = await fakeServer({ rest: (_, response) => json(response, code, body) });
    const error = await failure(api.get('/x'));
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it.each<[string, number, string, RegExp]>([
    ['plain text', 500, 'container not found\n', /^Error from server: container not found$/],
    ['nothing', 403, '', /^Error from server: the server answered 403 with no reason$/],
    ['other JSON', 502, '{"error":"x"}', /^Error from server: \{"error":"x"\}$/],
    ['a redirect', 302, '', /302/],
  ])('that are %s', async (_, code, body, message) => {
    const { api } = await fakeServer({
      rest: (_seen, response) => void response.writeHead(code).end(body),
    });
    const error = await failure(api.get('/x'));
    expect(error).toBeInstanceOf(ApiError);
    expect((error as Error).message).toMatch(message);
  });

  it('of a page instead of an answer: a Problem, not an internal error', async () => {
    const { api } = await fakeServer({
      rest: (_, response) => void response.writeHead(200).end('<html>log in</html>'),
    });
    const error = await failure(api.get('/x'));
    expect(error).toBeInstanceOf(Problem);
    expect((error as Problem).message).toMatch(
      /^the server 127.0.0.1:\d+ does not respond like an API/,
    );
  });
});

describe('a server that postpones a request', () => {
  const later = (response: ServerResponse, code: number, retryAfter: string) =>
    json(response, code, status(code, 'TooManyRequests', 'later'), { 'retry-after': retryAfter });

  it.each([429, 503])('with %i gets the request again', async (code) => {
    let turn = 0;
    const { api, requests } = await fakeServer({
      rest: (_, response) =>
        turn++ < 2 ? later(response, code, '0') : json(response, 200, { done: true }),
    });
    expect(await api.post('/x', { a: 1 })).toEqual({ done: true });
    expect(requests.map(({ body }) => body)).toEqual(Array(3).fill('{"a":1}'));
  });

  it('is given up after three retries', async () => {
    const { api, requests } = await fakeServer({
      rest: (_, response) => later(response, 429, '0'),
    });
    await expect(api.get('/x')).rejects.toMatchObject({ code: 429 });
    expect(requests).toHaveLength(4);
  });

  it('is waited for as long as it asks', async () => {
    let turn = 0;
    const { api } = await fakeServer({
      rest: (_, response) => (turn++ === 0 ? later(response, 429, '0.2') : json(response, 200, {})),
    });
    const before = Date.now();
    await api.get('/x');
    expect(Date.now() - before).toBeGreaterThanOrEqual(195);
  });

  it.each(['3600', 'Wed, 21 Oct 2026 07:28:00 GMT'])(
    'is not waited for until %s',
    async (retryAfter) => {
      const { api, requests } = await fakeServer({
        rest: (_, response) => later(response, 429, retryAfter),
      });
      await expect(api.get('/x')).rejects.toMatchObject({ code: 429 });
      expect(requests).toHaveLength(1);
    },
  );

  it('is no longer waited for after an abort', async () => {
    const { api } = await fakeServer({ rest: (_, response) => later(response, 429, '20') });
    await expect(api.get('/x', { signal: AbortSignal.timeout(50) })).rejects.toMatchObject({
      name: 'AbortError',
    });
  });
});

describe('an unreachable server', () => {
  it('refuses the connection', async () => {
    const api = new KubeApi(accessTo('http://127.0.0.1:9'));
    await expect(api.get('/x')).rejects.toThrow(
      'The connection to the server 127.0.0.1:9 was refused - did you specify the right host or port?',
    );
  });

  it('has an unknown name', async () => {
    const api = new KubeApi(accessTo('http://no-such-host.invalid:6443'));
    await expect(api.get('/x')).rejects.toThrow(
      'Unable to connect to the server: dial tcp: lookup no-such-host.invalid: no such host',
    );
  });

  it('disconnects in the middle of its answer', async () => {
    const { api } = await fakeServer({
      rest: (_, response) =>
        response.writeHead(200, { 'content-length': 100 }).write('{"a"', () => response.destroy()),
    });
    const error = await failure(api.get('/x'));
    expect(error).toBeInstanceOf(Problem);
    expect((error as Problem).message).toMatch(/^Unable to connect to the server .*: aborted$/);
  });

  it('disconnects in the middle of a refusal', async () => {
    const { api } = await fakeServer({
      rest: (_, response) =>
        response.writeHead(500, { 'content-length': 100 }).write('oops', () => response.destroy()),
    });
    expect(await failure(api.get('/x'))).toBeInstanceOf(Problem);
  });

  it('speaks TLS, or another protocol', async () => {
    const server = createServer((socket) => socket.end('\x15\x03\x01\x00\x02\x02'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const api = new KubeApi(accessTo(`http://127.0.0.1:${port}`));
    expect(await failure(api.get('/x'))).toBeInstanceOf(Problem);
    server.close();
  });

  it('takes longer than --request-timeout allows, including its answer', async () => {
    const { access } = await fakeServer({
      rest: (_, response) => {
        response.writeHead(200);
        response.write('{');
      },
    });
    const api = new KubeApi({ ...access, requestTimeout: 50 });
    await expect(api.get('/a')).rejects.toMatchObject({
      message:
        'Unable to connect to the server: context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
      next: ['--request-timeout gives each request 0.05 s'],
    });
    // A stream has no end to wait for, so it stays open.
    const stream = await api.stream('/a', {});
    await wait(100);
    expect(stream.destroyed).toBe(false);
    stream.destroy();
    api.close();
  });

  it('does not answer: the request is given up, and the error names the limit', async () => {
    const http = await import('node:http');
    vi.resetModules();
    vi.doMock('node:http', () => ({
      ...http,
      request: (url: URL, options: object) => http.request(url, { ...options, timeout: 50 }),
    }));
    const { KubeApi: Hasty } = await import('../../../src/kube/api.ts');
    vi.doUnmock('node:http');
    const { access, connections } = await fakeServer({ rest: () => {} });
    const api = new Hasty(access);
    await expect(api.get('/x')).rejects.toMatchObject({
      kind: 'unreachable',
      message: expect.stringMatching(/\b30 s\b/),
    });
    await vi.waitFor(() => expect(connections.size).toBe(0), { interval: 2 });
    const half = await fakeServer({
      rest: (_, response) => void response.writeHead(200).write('['),
    });
    await expect(new Hasty(half.access).get('/x')).rejects.toThrow(
      /^Unable to connect to the server/,
    );
  });
});

it('a stream is destroyed by its signal', async () => {
  const { api, connections } = await fakeServer({
    rest: (_, response) => void response.writeHead(200).write('x'),
  });
  const abort = new AbortController();
  const response = await api.stream('/x', { signal: abort.signal });
  const broken = once(response, 'error');
  abort.abort();
  await broken;
  await vi.waitFor(() => expect(connections.size).toBe(0), { interval: 2 });
});
