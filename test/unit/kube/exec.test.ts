import { createHash } from 'node:crypto';
import { getEventListeners, once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { buffer, text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { WebSocket } from 'ws';
import { ApiError } from '../../../src/kube/apiError.ts';
import { type ExecOptions, type ExecStream, exec } from '../../../src/kube/exec.ts';
import { ExecProblem } from '../../../src/kube/execStatus.ts';
import { run } from '../../../src/kube/run.ts';
import { Problem } from '../../../src/problem.ts';
import { accessTo, fakeServer, json } from './fakeServer.ts';
import { type RecordedExec, recording } from './recordings.ts';

const COMMAND: ExecOptions = {
  namespace: 'shop',
  pod: 'web',
  container: 'dbg',
  command: ['sh', '-c', 'a b; c&d=1 ü'],
};
const SUCCESS = '{"metadata":{},"status":"Success"}';

function frame(channel: number, payload: string | Buffer): Buffer {
  return Buffer.concat([Buffer.from([channel]), Buffer.from(payload)]);
}

/** Sends frames and ends normally, as an API server does. */
function sends(...frames: Buffer[]): (socket: WebSocket) => void {
  return (socket) => {
    for (const bytes of frames) socket.send(bytes);
    socket.close(1000);
  };
}

/** Plays the server's part of a recorded session. */
function plays(name: string): (socket: WebSocket) => void {
  const { frames } = recording<RecordedExec>(name);
  return sends(
    ...frames
      .filter(({ dir }) => dir === 'server')
      .map(({ channel, payload }) => frame(channel, payload)),
  );
}

/** Reads a stream whose exit may fail. */
async function ended({ stdout, stderr, exit }: ExecStream) {
  const [out, err, end] = await Promise.all([
    text(stdout),
    text(stderr),
    exit.catch((error: unknown) => error),
  ]);
  return { out, err, end };
}

/** The answer of a websocket server to a key. */
function acceptOf({ headers }: IncomingMessage): string {
  return createHash('sha1')
    .update(`${headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64');
}

/** Answers an upgrade without a websocket library, with frames in the same packet. */
function upgradeWith(frames: readonly Buffer[], { close = true } = {}) {
  return (socket: Socket, request: IncomingMessage) => {
    const head =
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      `Sec-WebSocket-Accept: ${acceptOf(request)}\r\nSec-WebSocket-Protocol: v5.channel.k8s.io\r\n\r\n`;
    const wrapped = frames.map((bytes) =>
      Buffer.concat([Buffer.from([0x82, bytes.length]), bytes]),
    );
    socket.write(Buffer.concat([Buffer.from(head), ...wrapped]));
    if (close) socket.end(Buffer.from([0x88, 2, 0x03, 0xe8]));
  };
}

function refuseWith(code: number, type: string, body: string) {
  return (socket: Socket) =>
    socket.end(
      `HTTP/1.1 ${code} No\r\nContent-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    );
}

/** Waits until the server has lost every connection. */
async function waitUntilClosed(connections: Set<Socket>): Promise<void> {
  await vi.waitFor(() => expect(connections.size).toBe(0), { interval: 2 });
}

afterEach(() => {
  vi.useRealTimers();
});

describe('the request', () => {
  it('contains each word of the command, offers v5 then v4, and carries the credentials', async () => {
    let request: IncomingMessage | undefined;
    const { access } = await fakeServer({
      prefix: '/k8s/clusters/c-1',
      exec: (socket, upgrade) => {
        request = upgrade;
        sends(frame(3, SUCCESS))(socket);
      },
    });
    expect(await run(access, { ...COMMAND, stdin: true })).toMatchObject({ code: 0 });
    const url = new URL(request?.url ?? '', 'http://fake');
    expect(url.pathname).toBe('/k8s/clusters/c-1/api/v1/namespaces/shop/pods/web/exec');
    expect(url.searchParams.getAll('command')).toEqual(COMMAND.command);
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      container: 'dbg',
      stdin: 'true',
      stdout: 'true',
      stderr: 'true',
    });
    expect(request?.headers['sec-websocket-protocol']).toBe('v5.channel.k8s.io,v4.channel.k8s.io');
    expect(request?.headers.authorization).toBe('Bearer secret');
    expect(request?.headers['sec-websocket-extensions']).toBe(undefined);
  });

  it('requests a terminal without standard error, and sends its size and every change', async () => {
    let query: URLSearchParams | undefined;
    const messages: string[] = [];
    const { access } = await fakeServer({
      exec: (socket, upgrade) => {
        query = new URL(upgrade.url ?? '', 'http://fake').searchParams;
        socket.on('message', (message: Buffer) => {
          messages.push(message.toString());
          if (messages.length === 2) sends(frame(3, SUCCESS))(socket);
        });
      },
    });
    const tty = { columns: 80, rows: 24 };
    const stream = await exec(access, { ...COMMAND, stdin: true, tty });
    stream.resize({ columns: 100, rows: 40 });
    expect(await stream.exit).toBe(0);
    expect(query?.get('tty')).toBe('true');
    expect(query?.has('stderr')).toBe(false);
    // As kubectl sent it to a real API server.
    const { frames } = recording<{ frames: { dir: string; bytes?: number[] }[] }>(
      'exec-v5-tty-resize',
    );
    const recorded = frames.find(({ dir }) => dir === 'client')?.bytes ?? [];
    expect(messages).toEqual(['\u0004{"Width":80,"Height":24}', Buffer.from(recorded).toString()]);
  });

  it('stays within the path of its pod, whatever the name', async () => {
    const paths: string[] = [];
    const { access } = await fakeServer({
      upgrade: (socket, request) => {
        paths.push(request.url?.split('?')[0] ?? '');
        refuseWith(404, 'text/plain', 'no')(socket);
      },
    });
    await expect(exec(access, { ...COMMAND, pod: 'a/b?c' })).rejects.toThrow('no');
    expect(paths).toEqual(['/api/v1/namespaces/shop/pods/a%2Fb%3Fc/exec']);
  });

  it.each([
    ['accepts another key', 'Sec-WebSocket-Accept', 'x'],
    ['upgrades to something else', 'Upgrade', 'h2c'],
    ['compresses', 'Sec-WebSocket-Extensions', 'permessage-deflate'],
    ['chooses a protocol that was not offered', 'Sec-WebSocket-Protocol', 'v1.channel.k8s.io'],
  ])('fails when the server %s', async (_, name, value) => {
    const { access, connections } = await fakeServer({
      upgrade: (socket, request) => {
        socket.resume().once('end', () => socket.end());
        const { 'Sec-WebSocket-Accept': accept, ...others } = {
          Upgrade: 'websocket',
          'Sec-WebSocket-Protocol': 'v5.channel.k8s.io',
          'Sec-WebSocket-Accept': acceptOf(request),
          [name]: value,
        };
        const lines = Object.entries({ ...others, 'Sec-WebSocket-Accept': accept });
        const head = lines.map(([key, text]) => `${key}: ${text}\r\n`).join('');
        socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n${head}\r\n`);
      },
    });
    await expect(exec(access, COMMAND)).rejects.toThrow(/Unable to connect to the server/);
    await waitUntilClosed(connections);
  });

  it('fails if the server supports neither protocol', async () => {
    const { access } = await fakeServer({ protocols: [], exec: () => {} });
    await expect(exec(access, COMMAND)).rejects.toThrow(/Server sent no subprotocol/);
  });
});

describe('outcomes, as recorded from Kubernetes 1.36', () => {
  it.each([
    ['exec-v5-ok', 0],
    ['exec-v4-ok', 0],
    ['exec-v5-exit3', 3],
    ['exec-v4-exit3', 3],
    ['exec-v5-killed', 137],
    ['exec-v4-killed', 137],
    ['exec-pod-deleted-midway', 137],
  ])('%s: %i', async (name, code) => {
    const { frames } = recording<RecordedExec>(name);
    const all = (channel: number) =>
      frames
        .filter((message) => message.dir === 'server' && message.channel === channel)
        .map(({ payload }) => payload)
        .join('');
    const { access } = await fakeServer({ exec: plays(name) });
    expect(await run(access, COMMAND)).toEqual({ code, stdout: all(1), stderr: all(2) });
  });

  it.each(['exec-v5-notfound', 'exec-v4-notfound'])('%s: the program is missing', async (name) => {
    const { access } = await fakeServer({ exec: plays(name) });
    const { end } = await ended(await exec(access, COMMAND));
    expect(end).toBeInstanceOf(ExecProblem);
    expect(end).toMatchObject({ failure: 'program-missing' });
    expect(String(end)).toMatch(
      /^ExecProblem: error executing command in container: .*"no-such-program": executable file not found in \$PATH$/,
    );
  });
});

describe('the streams', () => {
  it('lose no frame that arrives in one packet with the upgrade', async () => {
    const { access } = await fakeServer({
      upgrade: upgradeWith([
        frame(1, ''),
        frame(1, 'out'),
        frame(2, 'err'),
        frame(1, 'put'),
        frame(3, SUCCESS),
      ]),
    });
    expect(await ended(await exec(access, COMMAND))).toEqual({
      out: 'output',
      err: 'err',
      end: 0,
    });
  });

  it('keep stdout and stderr apart and ignore unknown channels', async () => {
    const { access } = await fakeServer({
      exec: sends(
        frame(1, ''),
        frame(2, 'E'),
        frame(7, 'x'),
        Buffer.alloc(0),
        frame(1, 'O'),
        frame(3, SUCCESS),
      ),
    });
    expect(await run(access, COMMAND)).toEqual({ code: 0, stdout: 'O', stderr: 'E' });
  });

  it('end at their close frame, and drop what comes after it', async () => {
    const { access } = await fakeServer({
      exec: async (socket) => {
        socket.send(frame(1, 'first'));
        socket.send(Buffer.from([255, 1]));
        socket.send(Buffer.from([255, 1]));
        socket.send(frame(1, 'late'));
        socket.send(frame(2, 'still'));
        await wait(50);
        sends(
          frame(2, ' here'),
          Buffer.from([255, 2]),
          Buffer.from([255, 9]),
          frame(3, SUCCESS),
        )(socket);
      },
    });
    const stream = await exec(access, COMMAND);
    expect(await text(stream.stdout)).toBe('first');
    expect(await text(stream.stderr)).toBe('still here');
    expect(await stream.exit).toBe(0);
  });

  it('return buffered data even long after the connection has closed', async () => {
    const { access } = await fakeServer({ exec: sends(frame(1, 'kept'), frame(3, SUCCESS)) });
    const stream = await exec(access, COMMAND);
    expect(await stream.exit).toBe(0);
    await wait(20);
    expect(await text(stream.stdout)).toBe('kept');
  });

  it('limit the output of a short command that never stops', async () => {
    const { access, connections } = await fakeServer({
      exec: (socket) => {
        const more = () => socket.send(frame(1, Buffer.alloc(1 << 20)), (error) => error || more());
        more();
      },
    });
    await expect(run(access, COMMAND)).rejects.toMatchObject({ kind: 'damaged' });
    await waitUntilClosed(connections);
  });
});

describe('a part of a frame', () => {
  /** An exec whose server has sent the first half of a frame with output, and the server's socket. */
  async function halfOfAFrame() {
    let socket: Socket | undefined;
    const { access } = await fakeServer({
      upgrade: (opened, request) => {
        socket = opened;
        upgradeWith([], { close: false })(opened, request);
        opened.write(Buffer.from([0x82, 100, 1, ...Buffer.from('half')]));
      },
    });
    return { stream: await exec(access, COMMAND), socket };
  }

  it('is passed on before the rest, and kept when the connection breaks', async () => {
    const { stream, socket } = await halfOfAFrame();
    const [first] = (await once(stream.stdout, 'data')) as [Buffer];
    expect(String(first)).toBe('half');
    socket?.end(' of it');
    expect(await ended(stream)).toMatchObject({ out: ' of it', end: { failure: 'cut' } });
  });

  it('counts as cut if the connection is reset', async () => {
    const { stream, socket } = await halfOfAFrame();
    await once(stream.stdout, 'data');
    socket?.resetAndDestroy();
    expect((await ended(stream)).end).toMatchObject({ failure: 'cut', kind: 'unreachable' });
  });

  it('of a status is not mistaken for the status', async () => {
    const status = frame(3, SUCCESS);
    const { access } = await fakeServer({
      upgrade: (socket, request) => {
        upgradeWith([], { close: false })(socket, request);
        const whole = Buffer.concat([Buffer.from([0x82, status.length]), status]);
        socket.end(whole.subarray(0, -1));
      },
    });
    expect(await ended(await exec(access, COMMAND))).toMatchObject({ end: { failure: 'cut' } });
  });

  it('of a fragmented status is joined to the whole status', async () => {
    const { access } = await fakeServer({
      exec: (socket) => {
        const parts = [frame(3, SUCCESS.slice(0, 9)), Buffer.from(SUCCESS.slice(9))] as const;
        socket.send(parts[0], { fin: false });
        socket.ping();
        socket.send(parts[1], { fin: true });
        socket.close(1000);
      },
    });
    expect(await ended(await exec(access, COMMAND))).toMatchObject({ end: 0 });
  });
});

describe('success is never claimed without its status', () => {
  it.each<[string, (socket: WebSocket) => void]>([
    ['a clean close', sends(frame(1, 'half'))],
    ['a broken connection', (socket) => socket.send(frame(1, 'half'), () => socket.terminate())],
    ['an empty status', sends(frame(1, 'half'), frame(3, ''))],
    ['a garbled status', sends(frame(1, 'half'), frame(3, '{"status":"Succ'))],
    ['a status that is null', sends(frame(1, 'half'), frame(3, 'null'))],
    ['a status that is a number', sends(frame(1, 'half'), frame(3, '0'))],
  ])('%s', async (_, behaviour) => {
    const { access } = await fakeServer({ exec: behaviour });
    const { out, end } = await ended(await exec(access, COMMAND));
    expect(out).toBe('half');
    expect(end).toBeInstanceOf(ExecProblem);
    expect(end).toMatchObject({ failure: 'cut' });
  });

  it.each([
    '{}',
    '[]',
    '{"status":"Failure"}',
    '{"kind":"Status"}',
    '{"status":"Failure","details":{"causes":[{"reason":"ExitCode"}]}}',
    '{"status":"Failure","details":{"causes":[{"reason":"ExitCode","message":""}]}}',
    '{"status":"Failure","details":{"causes":[{"reason":"ExitCode","message":"0"}]}}',
    '{"status":"Failure","details":{"causes":[{"reason":"ExitCode","message":"many"}]}}',
  ])('a failure without an exit code: %s', async (payload) => {
    const { access } = await fakeServer({ exec: sends(frame(3, payload)) });
    const { end } = await ended(await exec(access, COMMAND));
    expect(end).toBeInstanceOf(ExecProblem);
  });

  it('ends the stream after an oversized frame', async () => {
    const { access } = await fakeServer({
      exec: sends(frame(1, Buffer.alloc(17 << 20)), frame(3, SUCCESS)),
    });
    const { out, end } = await ended(await exec(access, COMMAND));
    expect(out).toBe('');
    expect(String(end)).toMatch(/17825793 bytes/);
  });
});

describe('refusals before the upgrade', () => {
  it.each([
    ['exec-rbac-403', 403, /^Error from server \(Forbidden\): pods "a" is forbidden: User /],
    ['exec-pod-404', 404, /^Error from server \(NotFound\): pods "nope" not found$/],
    ['exec-container-404', 400, /^Error from server \(BadRequest\): container nope is not valid/],
    ['exec-not-running', 500, /^Error from server: container not found \("noimg"\)$/],
    ['exec-bad-protocol', 403, /^Error from server: the server answered 403 with no reason$/],
  ])('%s', async (name, code, message) => {
    const { refused } = recording<RecordedExec>(name);
    const body = typeof refused?.body === 'string' ? refused.body : JSON.stringify(refused?.body);
    const { access, connections } = await fakeServer({
      upgrade: refuseWith(refused?.status ?? 0, 'application/json', body),
    });
    const signal = new AbortController().signal;
    const error = await exec(access, { ...COMMAND, signal }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
    await waitUntilClosed(connections);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it.each([429, 503])('%i with Retry-After: is retried, at most three times', async (code) => {
    let turns = 0;
    const { access, connections } = await fakeServer({
      upgrade: (socket) => {
        turns += 1;
        const head = `HTTP/1.1 ${turns === 3 ? 404 : code} No\r\nRetry-After: 0\r\n`;
        socket.end(`${head}Content-Length: 0\r\nConnection: close\r\n\r\n`);
      },
    });
    await expect(exec(access, COMMAND)).rejects.toMatchObject({ code: 404 });
    expect(turns).toBe(3);
    turns = 4;
    await expect(exec(access, COMMAND)).rejects.toMatchObject({ code });
    expect(turns).toBe(8);
    await waitUntilClosed(connections);
  });

  it('do not buffer an endless body', async () => {
    const { access, connections } = await fakeServer({
      upgrade: (socket) => {
        socket.on('error', () => {});
        socket.write('HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\n\r\n');
        const more = () => socket.writable && socket.write(Buffer.alloc(65_536, 'x'), more);
        more();
      },
    });
    const error = await exec(access, COMMAND).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 502 });
    expect((error as Error).message.length).toBeLessThan(1 << 20);
    await waitUntilClosed(connections);
  });

  it('do not cost another request its connection, although API servers keep it open', async () => {
    const { refused } = recording<RecordedExec>('exec-container-404');
    const body = JSON.stringify(refused?.body);
    const { promise: isAsked, resolve: onUpgrade } = Promise.withResolvers<Socket>();
    const { access, api } = await fakeServer({
      upgrade: onUpgrade,
      rest: (_seen, response) => json(response, 200, { kind: 'Pod' }),
    });
    const path = '/api/v1/namespaces/shop/pods/web';
    const refusal = exec(access, COMMAND).catch((reason: unknown) => reason);
    const socket = await isAsked;
    // Two connections: the agent uses the most recently used one for the next request.
    await api.get(path);
    socket.write(
      `HTTP/1.1 400 Bad Request\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
    expect(await refusal).toMatchObject({ code: 400 });
    expect(await api.get(path)).toEqual({ kind: 'Pod' });
  });

  it('a refused connection, with kubectl’s message', async () => {
    const error = await exec(accessTo('http://127.0.0.1:9'), COMMAND).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(Problem);
    expect((error as Problem).message).toBe(
      'The connection to the server 127.0.0.1:9 was refused - did you specify the right host or port?',
    );
  });

  it('a connection that breaks before an answer', async () => {
    const { access } = await fakeServer({ upgrade: (socket) => socket.destroy() });
    await expect(exec(access, COMMAND)).rejects.toThrow(
      /^Unable to connect to the server 127.0.0.1:\d+: socket hang up$/,
    );
  });
});

describe('an abort', () => {
  const reason = new Error('the user said so');

  it('before anything is sent', async () => {
    const { access, connections } = await fakeServer({});
    const signal = AbortSignal.abort(reason);
    await expect(exec(access, { ...COMMAND, signal })).rejects.toBe(reason);
    expect(connections.size).toBe(0);
  });

  it('while a credential plugin runs', async () => {
    const { access } = await fakeServer({ exec: () => {} });
    const abort = new AbortController();
    const slow = {
      ...access,
      headers: async () => {
        abort.abort(reason);
        return {};
      },
    };
    await expect(exec(slow, { ...COMMAND, signal: abort.signal })).rejects.toBe(reason);
  });

  it('while the server has not answered', async () => {
    const abort = new AbortController();
    const { access, connections } = await fakeServer({
      upgrade: (socket) => {
        socket.resume().once('end', () => socket.end());
        abort.abort(reason);
      },
    });
    await expect(exec(access, { ...COMMAND, signal: abort.signal })).rejects.toBe(reason);
    await waitUntilClosed(connections);
    expect(getEventListeners(abort.signal, 'abort')).toEqual([]);
  });

  it('while it runs', async () => {
    const abort = new AbortController();
    const { access, connections } = await fakeServer({
      exec: (socket) => socket.send(frame(1, 'so far')),
    });
    const stream = await exec(access, { ...COMMAND, signal: abort.signal });
    const [first] = (await once(stream.stdout, 'data')) as [Buffer];
    expect(String(first)).toBe('so far');
    abort.abort(reason);
    await expect(stream.exit).rejects.toBe(reason);
    await waitUntilClosed(connections);
    expect(getEventListeners(abort.signal, 'abort')).toEqual([]);
  });

  it('after the end changes nothing', async () => {
    const abort = new AbortController();
    const { access } = await fakeServer({ exec: plays('exec-v5-ok') });
    const stream = await exec(access, { ...COMMAND, signal: abort.signal });
    await ended(stream);
    abort.abort(reason);
    expect(await stream.exit).toBe(0);
  });
});

/** Waits until nothing more could be sent for a while; returns how much had been sent. */
async function stalled(sent: { readonly bytes: number }): Promise<number> {
  for (let before = -1; before !== sent.bytes || sent.bytes === 0; await wait(100))
    before = sent.bytes;
  return sent.bytes;
}

describe('stdin', () => {
  it.each([
    [
      'v5.channel.k8s.io',
      [
        [0, 104, 105],
        [255, 0],
      ],
    ],
    ['v4.channel.k8s.io', [[0, 104, 105]]],
  ])('ends correctly on %s', async (protocol, expected) => {
    const frames: number[][] = [];
    const { access } = await fakeServer({
      protocols: [protocol],
      exec: (socket) => socket.on('message', (message: Buffer) => frames.push([...message])),
    });
    const stream = await exec(access, { ...COMMAND, stdin: true });
    expect(stream.protocol).toBe(protocol);
    stream.stdin.end('hi');
    await once(stream.stdin, 'finish');
    await wait(50);
    expect(frames).toEqual(expected);
    stream.close();
    await expect(stream.exit).rejects.toMatchObject({ failure: 'cut' });
  });

  it('20 MB for a slow reader arrive completely, and are buffered in small pieces', async () => {
    const sent = Buffer.alloc(20_000_000, 'abcdefghijklmnopqrstuvwxyz0123456789');
    const hash = createHash('sha256');
    let received = 0;
    let largest = 0;
    let server: WebSocket | undefined;
    const { access } = await fakeServer({
      exec: (socket) => {
        server = socket;
        socket.pause();
        socket.on('message', (message: Buffer) => {
          if (message[0] === 255) return sends(frame(3, SUCCESS))(socket);
          received += message.length - 1;
          largest = Math.max(largest, message.length);
          hash.update(message.subarray(1));
        });
      },
    });
    const stream = await exec(access, { ...COMMAND, stdin: true });
    let accepted = 0;
    const feed = (async () => {
      for (let at = 0; at < sent.length; at += 100_000) {
        const room = stream.stdin.write(sent.subarray(at, at + 100_000));
        accepted = at + 100_000;
        if (!room) await once(stream.stdin, 'drain');
      }
      stream.stdin.end();
    })();
    const sending = {
      get bytes() {
        return accepted;
      },
    };
    expect(await stalled(sending)).toBeLessThan(12_000_000);
    expect(stream.stdin.writableLength).toBeLessThanOrEqual(100_000);
    server?.resume();
    await feed;
    expect(await stream.exit).toBe(0);
    expect(received).toBe(sent.length);
    expect(largest).toBeLessThanOrEqual(32 * 1024 + 1);
    expect(hash.digest('hex')).toBe(createHash('sha256').update(sent).digest('hex'));
  });

  it('accepts no more after the stream has ended', async () => {
    const { access } = await fakeServer({ exec: plays('exec-v5-ok') });
    const stream = await exec(access, { ...COMMAND, stdin: true });
    await ended(stream);
    await vi.waitFor(() => expect(stream.stdin.destroyed).toBe(true));
    expect(stream.stdin.writable).toBe(false);
  });
});

describe('a stalled reader', () => {
  const CHUNK = Buffer.alloc(64 * 1024);
  for (let at = 0; at < CHUNK.length; at += 4)
    CHUNK.writeUInt32LE((at * 2_654_435_761) % 2 ** 32, at);

  /** Sends `bytes` of output as fast as the client reads them. */
  function flood(bytes: number) {
    const sent = { bytes: 0 };
    const behaviour = (socket: WebSocket) => {
      const more = () => {
        if (sent.bytes >= bytes) return sends(frame(3, SUCCESS))(socket);
        socket.send(frame(1, CHUNK), (error) => {
          if (error) return;
          sent.bytes += CHUNK.length;
          more();
        });
      };
      more();
    };
    return { sent, behaviour };
  }

  it('stops the server, buffers little, and then gets all 200 MB', async () => {
    const { sent, behaviour } = flood(200_000_000);
    const { access } = await fakeServer({ exec: behaviour });
    const stream = await exec(access, COMMAND);
    // The size of the kernel's socket buffers, on both ends.
    expect(await stalled(sent)).toBeLessThan(20_000_000);
    const before = process.memoryUsage.rss();
    expect(stream.stdout.readableLength).toBeLessThan(512 * 1024 + 256 * 1024);

    let received = 0;
    let wrong = 0;
    let peak = 0;
    for await (const piece of stream.stdout as AsyncIterable<Buffer>) {
      let at = 0;
      while (at < piece.length) {
        const offset = received % CHUNK.length;
        const length = Math.min(piece.length - at, CHUNK.length - offset);
        if (piece.compare(CHUNK, offset, offset + length, at, at + length) !== 0) wrong += 1;
        at += length;
        received += length;
      }
      peak = Math.max(peak, process.memoryUsage.rss());
    }
    expect(await stream.exit).toBe(0);
    expect({ received, wrong }).toEqual({ received: sent.bytes, wrong: 0 });
    expect(sent.bytes).toBeGreaterThanOrEqual(200_000_000);
    expect(peak - before).toBeLessThan(100_000_000);
  });

  it('of one stream does not block the other: it can be destroyed', async () => {
    const { behaviour } = flood(5_000_000);
    const { access } = await fakeServer({ exec: behaviour });
    const stream = await exec(access, COMMAND);
    await wait(100);
    stream.stdout.destroy();
    expect(await text(stream.stderr)).toBe('');
    expect(await stream.exit).toBe(0);
  });

  it('is not mistaken for a silent server', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const { sent, behaviour } = flood(30_000_000);
    const { access } = await fakeServer({ exec: behaviour });
    const stream = await exec(access, COMMAND);
    // Until enough data is buffered that the connection can be paused.
    while (stream.stdout.readableLength < 512 * 1024) await wait(10);
    for (let i = 0; i < 20; i++) vi.advanceTimersByTime(5_000);
    await wait(50);
    const all = await buffer(stream.stdout);
    expect(all.length).toBe(sent.bytes);
    expect(await stream.exit).toBe(0);
  });
});

describe('pings', () => {
  it('are sent every five seconds; a server that answers is kept', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    let pings = 0;
    let server: WebSocket | undefined;
    const { access } = await fakeServer({
      exec: (socket) => {
        server = socket;
        socket.on('ping', () => {
          pings += 1;
        });
      },
    });
    const stream = await exec(access, COMMAND);
    for (let i = 1; i <= 12; i++) {
      vi.advanceTimersByTime(5_000);
      await vi.waitFor(() => expect(pings).toBe(i), { interval: 1 });
      await wait(5);
    }
    if (server) sends(frame(3, SUCCESS))(server);
    expect(await stream.exit).toBe(0);
  });

  it('end the connection if the server does not answer', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    let server: WebSocket | undefined;
    const { access, connections } = await fakeServer({
      exec: (socket) => {
        server = socket;
        socket.pause();
      },
    });
    const stream = await exec(access, COMMAND);
    let settled = false;
    const exit = stream.exit.finally(() => {
      settled = true;
    });
    exit.catch(() => {});
    vi.advanceTimersByTime(20_000);
    await wait(20);
    expect(settled).toBe(false);
    vi.advanceTimersByTime(5_000);
    await expect(exit).rejects.toMatchObject({ failure: 'silent' });
    expect(await text(stream.stdout)).toBe('');
    server?.resume();
    await waitUntilClosed(connections);
  });
});

describe('nothing is left behind', () => {
  it.each<[string, (socket: WebSocket) => void, ((stream: ExecStream) => void)?]>([
    ['a success', sends(frame(1, 'x'), frame(3, SUCCESS))],
    ['a cut', (socket) => socket.terminate()],
    ['a garbled status', (socket) => socket.send(frame(3, '{'))],
    ['the client closes it', () => {}, (stream) => stream.close()],
    [
      'the client closes it while it is stalled and input is being sent',
      (socket) => {
        socket.pause();
        for (let i = 0; i < 100; i++) socket.send(frame(1, Buffer.alloc(100_000)));
      },
      (stream) => {
        stream.stdin.on('error', () => {});
        stream.stdin.write(Buffer.alloc(20_000_000));
        setTimeout(() => stream.close(), 50);
      },
    ],
  ])('after %s', async (_, behaviour, act) => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const signal = new AbortController().signal;
    const { access, connections } = await fakeServer({ exec: behaviour });
    const stream = await exec(access, { ...COMMAND, stdin: true, signal });
    expect(vi.getTimerCount()).toBe(1);
    act?.(stream);
    await stream.exit.catch(() => {});
    await waitUntilClosed(connections);
    await vi.waitFor(() => expect(vi.getTimerCount()).toBe(0), { interval: 2 });
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    expect(stream.stdin.destroyed).toBe(true);
  });
});
