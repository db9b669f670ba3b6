import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { isObject, objectAt, objectsAt } from './json.ts';
import { recording, renamed } from './recording.ts';
import { createRunningPod, debuggerContainer } from './testPods.ts';
import { startTestServer, type TestServer } from './testServer.ts';

const OFFER = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];
const POD = '/api/v1/namespaces/shop/pods/web-7/exec';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
  await createRunningPod(server, { namespace: 'shop', name: 'web-7' });
  await createRunningPod(server, {
    namespace: 'shop',
    name: 'two-1',
    containers: ['nginx', 'logger'],
  });
});
afterAll(() => server.close());

interface Conversation {
  readonly protocol: string;
  /** Frames of the server except empty ones: channel and text. */
  readonly frames: [number, string][];
  readonly first: Buffer | undefined;
  readonly code: number;
}

async function converse(
  query: string,
  talk: (socket: WebSocket) => void = () => undefined,
): Promise<Conversation> {
  const socket = await server.websocket(`${POD}?${query}`, OFFER);
  const frames: [number, string][] = [];
  let first: Buffer | undefined;
  socket.on('message', (data: Buffer) => {
    first ??= data;
    const [channel = -1] = data;
    const last = frames.at(-1);
    // The way in which a stream is split into frames has no meaning.
    if (last?.[0] === channel) last[1] += data.toString('utf8', 1);
    else if (data.length > 1) frames.push([channel, data.toString('utf8', 1)]);
  });
  socket.on('open', () => talk(socket));
  const [code] = await once(socket, 'close');
  return { protocol: socket.protocol, frames, first, code };
}

function recordedFrames(name: string): [number, unknown][] {
  return objectsAt(recording(name).frames)
    .filter(({ dir, payload }) => dir === 'server' && payload !== '')
    .map(({ channel, payload }) => [Number(channel), payload]);
}

function queryOf(name: string): string {
  const path = String(recording(name).path);
  return path.slice(path.indexOf('?') + 1).replace('container=dbg', 'container=app');
}

describe('v5 without a terminal', () => {
  test.each(['exec-v5-ok', 'exec-v5-killed'])('%s', async (name) => {
    const { protocol, frames, first, code } = await converse(queryOf(name));
    expect(protocol).toBe('v5.channel.k8s.io');
    expect(first).toEqual(Buffer.from([1]));
    expect(frames).toEqual(recordedFrames(name));
    expect(code).toBe(1000);
  });

  test('both outputs, and another exit code than in the recording', async () => {
    const query = queryOf('exec-v5-exit3').replace('exit%203', 'exit%2041');
    const { frames } = await converse(query);
    const recorded = recordedFrames('exec-v5-exit3').map(([channel, payload]) => [
      channel,
      String(payload).replace('exit code 3', 'exit code 41').replace('"3"', '"41"'),
    ]);
    expect(frames.sort()).toEqual(recorded.sort());
  });

  test('a close frame ends stdin, and later output still arrives', async () => {
    const { frames } = await converse(queryOf('exec-v5-stdin-halfclose'), (socket) => {
      socket.send(Buffer.from([0, ...Buffer.from('hi\n')]));
      socket.send(Buffer.from([255, 0]));
    });
    const text = recordedFrames('exec-v5-stdin-halfclose');
    expect(frames).toEqual([
      [1, 'hi\neof\n'],
      [3, text.at(-1)?.[1]],
    ]);
  });

  test('a slow reader receives a large stream completely', async () => {
    const query =
      'container=app&stdout=true&command=head&command=-c&command=20000000&command=/dev/zero';
    const socket = await server.websocket(`${POD}?${query}`, OFFER);
    let bytes = 0;
    socket.on('message', (data: Buffer) => {
      if (data[0] === 1) bytes += data.length - 1;
      socket.pause();
      setImmediate(() => socket.resume());
    });
    await once(socket, 'close');
    expect(bytes).toBe(20_000_000);
  });

  test('a large stdin arrives completely', async () => {
    const query = 'container=app&stdin=true&stdout=true&command=wc&command=-c';
    const { frames } = await converse(query, (socket) => {
      for (let sent = 0; sent < 64; sent += 1) socket.send(Buffer.alloc(100_001));
      socket.send(Buffer.from([255, 0]));
    });
    expect(frames[0]?.[1].trim()).toBe('6400000');
  });

  test('a command that the runtime cannot start', async () => {
    const complaint =
      'time=\\"2026-11-22T21:28:23Z\\" level=error msg=\\"exec failed: unable to start container process: exec: \\\\\\"no-such-program\\\\\\": executable file not found in $PATH\\"';
    const script = `echo "${complaint.replace('$', '\\$')}" >&2; exit 255`;
    const { frames } = await converse(
      `container=app&stdout=true&stderr=true&command=sh&command=-c&command=${encodeURIComponent(script)}`,
    );
    const withoutId = (text: unknown) => String(text).replaceAll(/[0-9a-f]{64}/g, 'ID');
    expect(frames.map(([channel, text]) => [channel, withoutId(text)])).toEqual(
      recordedFrames('exec-v5-notfound').map(([channel, text]) => [channel, withoutId(text)]),
    );
  });

  test('when the client disconnects, the process sees the end of its input and continues to run', async () => {
    const query = `container=app&stdin=true&stdout=true&command=sh&command=-c&command=${encodeURIComponent('echo $$; cat; sleep 0.3; exec sleep 5')}`;
    const socket = await server.websocket(`${POD}?${query}`, OFFER);
    const pid = await new Promise<number>((resolve) => {
      socket.on('message', (data: Buffer) => {
        if (data[0] === 1 && data.length > 1) resolve(Number(data.toString('utf8', 1)));
      });
    });
    socket.terminate();
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(process.kill(pid, 0)).toBe(true);
    process.kill(pid);
  });
});

test('a prompt that arrives together with the runtime’s response is not lost', async () => {
  const runtime = createServer().on('upgrade', (request, socket) => {
    const accept = createHash('sha1')
      .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest('base64');
    const head = [
      'HTTP/1.1 101 Switching Protocols',
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Accept: ${accept}`,
      'Sec-WebSocket-Protocol: v4.channel.k8s.io',
    ].join('\r\n');
    socket.write(
      Buffer.concat([Buffer.from(`${head}\r\n\r\n`), Buffer.from('\x82\x03\x01$ ', 'latin1')]),
    );
  });
  await once(runtime.listen(0, '127.0.0.1'), 'listening');
  const address = objectAt(runtime.address());
  const terminals = await startTestServer({
    container: () => ({
      execUrl: async () => `http://127.0.0.1:${address.port}/`,
      attachUrl: async () => '',
      spawn: () => {
        throw new Error('a terminal needs the runtime');
      },
    }),
  });
  try {
    await createRunningPod(terminals, { namespace: 'shop', name: 'web-7' });
    const path = `${POD}?container=app&stdin=true&stdout=true&tty=true&command=sh`;
    const socket = await terminals.websocket(path, OFFER);
    const [data] = await once(socket, 'message', { signal: AbortSignal.timeout(5000) });
    expect(String(data)).toBe('\x01$ ');
    socket.terminate();
  } finally {
    await terminals.close();
    runtime.close();
    runtime.closeAllConnections();
  }
});

describe('refusals before the upgrade', () => {
  const cases: [name: string, path: string, names: Record<string, string>, user?: string][] = [
    ['exec-container-404', `${POD}?container=other&stdout=true&command=true`, { nope: 'other' }],
    [
      'exec-pod-404',
      '/api/v1/namespaces/shop/pods/missing/exec?stdout=true&command=true',
      { nope: 'missing' },
    ],
    [
      'exec-no-container-multi',
      '/api/v1/namespaces/shop/pods/two-1/exec?stdout=true&command=hostname',
      { 'multi-1': 'two-1', side: 'logger' },
    ],
    ['exec-no-streams', `${POD}?container=app&stdout=false&command=true`, {}],
    ['exec-rbac-403', `${POD}?container=app&stdout=true&command=true`, {}, 'nobody'],
  ];
  test.each(cases)('%s', async (name, path, names, user) => {
    const recorded = objectAt(recording(name).refused);
    expect(await refusal(path, OFFER, user)).toEqual({
      status: recorded.status,
      type: objectAt(recorded.headers)['content-type'],
      body: renamed(recorded.body, {
        a: 'web-7',
        rec: 'shop',
        'nobody@example.com': 'nobody',
        ...names,
      }),
    });
  });

  test('exec-not-running', async () => {
    await server.call('/api/v1/namespaces/shop/pods/web-7/ephemeralcontainers', {
      method: 'PATCH',
      contentType: 'application/strategic-merge-patch+json',
      body: { spec: { ephemeralContainers: [debuggerContainer('pulling', 'app')] } },
    });
    const recorded = objectAt(recording('exec-not-running').refused);
    const answer = await refusal(`${POD}?container=pulling&stdout=true&command=true`, OFFER);
    expect(answer.status).toBe(recorded.status);
    expect(answer.body).toBe(String(recorded.body).replace('noimg', 'pulling'));
  });

  test('exec-bad-protocol', async () => {
    const path = `${POD}?container=app&stdout=true&command=true`;
    const { status, body } = await refusal(path, ['bogus.k8s.io']);
    expect({ status, body }).toEqual({ status: 403, body: '' });
  });

  test('a GET also requires permission to create', async () => {
    server.store.create('clusterroles.rbac.authorization.k8s.io', {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'half' },
      rules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods/exec'] }],
    });
    server.store.create('clusterrolebindings.rbac.authorization.k8s.io', {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'half' },
      roleRef: { kind: 'ClusterRole', name: 'half' },
      subjects: [{ kind: 'User', name: 'no-exec' }],
    });
    const answer = await refusal(`${POD}?container=app&stdout=true&command=true`, OFFER, 'no-exec');
    expect(answer.status).toBe(403);
    expect(objectAt(answer.body).message).toBe('pods "web-7" is forbidden: ');
  });
});

async function refusal(
  path: string,
  protocols: readonly string[],
  user?: string,
): Promise<{ status: unknown; type: unknown; body: unknown }> {
  const socket = await server.websocket(path, protocols, user);
  return new Promise((resolve, reject) => {
    socket.on('open', () => reject(new Error('it was not refused')));
    socket.on('error', () => undefined);
    socket.on('unexpected-response', (_request, response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk;
      });
      response.on('end', () => {
        resolve({
          status: response.statusCode,
          type: response.headers['content-type'],
          body: parse(text),
        });
        socket.terminate();
      });
    });
  });
}

function parse(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : text;
  } catch {
    return text;
  }
}
