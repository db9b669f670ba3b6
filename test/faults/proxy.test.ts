import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { objectAt, valueAt } from '../cluster/apiserver/json.ts';
import { createRunningPod } from '../cluster/apiserver/testPods.ts';
import { startTestServer, type TestServer } from '../cluster/apiserver/testServer.ts';
import { type FaultProxy, startFaultProxy } from './proxy.ts';
import { Upstream } from './upstream.ts';

const PODS = '/api/v1/namespaces/shop/pods';
const V5 = ['v5.channel.k8s.io'];

let server: TestServer;
let proxy: FaultProxy;
let folder: string;
/** Kubeconfigs that use the proxy. */
let plain: string;
let unsteady: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'netdebug-faults-'));
  server = await startTestServer({ logFile: () => join(folder, 'log') });
  const admin = server.kubeconfigs.admin ?? '';
  proxy = await startFaultProxy({ admin, rules: join(folder, 'rules.yaml') });
  plain = await proxy.kubeconfig(admin);
  unsteady = await proxy.kubeconfig(admin, 'unsteady');
  await createRunningPod(server, { namespace: 'shop', name: 'web-7' });
});
beforeEach(async () => {
  await writeFile(join(folder, 'rules.yaml'), '');
  annotate({});
});
afterAll(async () => {
  await proxy.close();
  await server.close();
  await rm(folder, { recursive: true });
});

function annotate(faults: Record<string, string>): void {
  server.store.update('namespaces', undefined, 'shop', ({ metadata }) => {
    metadata.annotations = Object.fromEntries(
      Object.entries(faults).map(([name, value]) => [`netdebug.test/${name}`, value]),
    );
    return undefined;
  });
}

function execPath(script: string): string {
  const command = ['sh', '-c', script].map((word) => `command=${encodeURIComponent(word)}`);
  return `${PODS}/web-7/exec?container=app&stdin=true&stdout=true&${command.join('&')}`;
}

const exists = (file: string) =>
  vi.waitFor(() => expect(existsSync(file)).toBe(true), { timeout: 20_000, interval: 20 });

/**
 * Reads the stream of a script until its connection ends, until the file `until` exists, or for the given time in
 * milliseconds.
 */
async function read(
  script: string,
  { patience = 30_000, through = plain, words = '', after = '', until = '' } = {},
) {
  const socket = await server.websocket(execPath(script), V5, undefined, through);
  let bytes = 0;
  let status = '';
  let error = '';
  const closedChannels: number[] = [];
  socket.on('message', (data: Buffer) => {
    if (data[0] === 1) bytes += data.length - 1;
    if (data[0] === 3) status = data.toString('utf8', 1);
    if (data[0] === 255) closedChannels.push(data[1] ?? -1);
  });
  socket.on('error', () => undefined);
  // ws itself does not report what ends an open connection.
  socket.on('upgrade', (response) =>
    response.socket.on('error', (failure: NodeJS.ErrnoException) => {
      error = failure.code ?? failure.message;
    }),
  );
  if (after) {
    await exists(after);
    // The fault starts a moment after the bytes that it forwards.
    await wait(200);
    socket.send(Buffer.from(`\0${words}`));
  }
  const code: unknown = await Promise.race([
    once(socket, 'close').then(([closed]) => closed),
    until ? exists(until).then(() => 'open') : wait(patience, 'open'),
  ]);
  socket.terminate();
  return { bytes, status, closedChannels, code, error };
}

describe('answers', () => {
  test('are repeated as often as requested', async () => {
    annotate({ 'http-error': '429 2' });
    const codes = [];
    for (let count = 0; count < 3; count += 1)
      codes.push((await server.call(PODS, { through: plain })).status);
    expect(codes).toEqual([429, 429, 200]);
  });

  const REFUSALS: [code: number, retryAfter: string | undefined, text: string][] = [
    [401, undefined, 'Unauthorized'],
    [403, undefined, 'cannot list resource \\"pods\\"'],
    [409, undefined, 'Operation cannot be fulfilled on pods'],
    [429, '1', 'Too many requests, please try again later.\n'],
    [500, undefined, 'an error on the server has prevented the request'],
    [503, '1', 'the server is currently unable to handle the request'],
  ];
  test.each(REFUSALS)('%i', async (code, retryAfter, text) => {
    annotate({ 'http-error': `${code}` });
    const answer = await server.call(PODS, { through: plain });
    expect([answer.status, answer.headers['retry-after']]).toEqual([code, retryAfter]);
    expect(answer.text).toContain(text);
    expect(valueAt(answer.body, ['code'])).toBe(code === 429 ? undefined : code);
  });

  test('have the requested Retry-After, or none', async () => {
    annotate({ 'http-error': '503', 'retry-after': '7' });
    expect((await server.call(PODS, { through: plain })).headers['retry-after']).toBe('7');
    annotate({ 'http-error': '503', 'retry-after': 'none' });
    expect((await server.call(PODS, { through: plain })).headers['retry-after']).toBeUndefined();
  });

  test('apply to one verb and resource only', async () => {
    annotate({ 'http-error': '503 1 get pods/exec' });
    expect((await server.call(PODS, { through: plain })).status).toBe(200);
    expect((await server.call(`${PODS}/web-7`, { through: plain })).status).toBe(200);
    const socket = await server.websocket(execPath('true'), V5, undefined, plain);
    socket.on('error', () => undefined);
    const [, response] = await once(socket, 'unexpected-response');
    expect([response.statusCode, response.headers['retry-after']]).toEqual([503, '1']);
    expect((await read('true')).status).toContain('Success');
  });
});

describe('a stream', () => {
  test.each([
    ['50000', ''],
    ['50000 fin', ''],
    ['50000 rst', 'ECONNRESET'],
  ])('is cut after %s', async (after, error) => {
    annotate({ 'disconnect-after': after });
    // A cut message is not seen at all, so messages must be small.
    const received = await read('for i in $(seq 100); do head -c 4000 /dev/zero; sleep 0.01; done');
    expect(received.bytes).toBeGreaterThan(20_000);
    expect(received.bytes).toBeLessThanOrEqual(50_000);
    expect(received).toMatchObject({ status: '', code: 1006, error });
  });

  test.each([
    ['stall-after', '5000', true],
    ['disconnect-after', '5000 blackhole', false],
  ])(
    '%s %s: no data arrives, and is client input received? %s',
    async (name, value, isInputReceived) => {
      annotate({ [name]: value });
      const mark = join(folder, name);
      const sentFile = `${mark}-sent`;
      const script = `echo; head -c 9000 /dev/zero; touch ${sentFile}; read -r word; touch ${mark}`;
      const limit = isInputReceived ? { until: mark } : { patience: 700 };
      const received = await read(script, { words: 'go\n', after: sentFile, ...limit });
      expect(received).toMatchObject({ status: '', code: 'open' });
      expect(received.bytes).toBeLessThanOrEqual(5000);
      expect(existsSync(mark)).toBe(isInputReceived);
    },
  );

  test('is cut once, and is complete when it is repeated', async () => {
    annotate({ 'disconnect-after': '50000', 'only-streams': '1 exec' });
    const watched = await server.call(`${PODS}?watch=true&timeoutSeconds=1`, { through: plain });
    expect(watched.text).toContain('ADDED');
    const script = 'head -c 100000 /dev/zero';
    expect(await read(script)).toMatchObject({ status: '', code: 1006 });
    expect(await read(script)).toMatchObject({ bytes: 100_000, code: 1000 });
    expect(await read(script)).toMatchObject({ bytes: 100_000, code: 1000 });
  });

  test('is slow', async () => {
    annotate({ throttle: '40000' });
    const started = Date.now();
    expect(await read('head -c 30000 /dev/zero')).toMatchObject({ bytes: 30_000, code: 1000 });
    expect(Date.now() - started).toBeGreaterThan(650);
  });

  test('ends its stdout while the command continues', async () => {
    annotate({ 'close-stdout-after': '5' });
    const mark = join(folder, 'went-on');
    const received = await read(`echo first; echo second; touch ${mark}`);
    expect(received).toMatchObject({ bytes: 5, closedChannels: [1], code: 1000 });
    expect(received.status).toContain('Success');
    expect(existsSync(mark)).toBe(true);
  });

  test('ends without a status, or with half of it', async () => {
    annotate({ 'drop-status': 'true' });
    expect(await read('echo hi')).toMatchObject({ bytes: 3, status: '', code: 1000 });
    annotate({ 'truncate-status': 'true' });
    expect((await read('echo hi')).status).toBe('{"metadata":{},"s');
  });

  test('does not accept v5', async () => {
    annotate({ 'refuse-v5': 'true' });
    const socket = await server.websocket(execPath('true'), V5, undefined, plain);
    socket.on('error', () => undefined);
    const [, response] = await once(socket, 'unexpected-response');
    expect(response.statusCode).toBe(403);
  });

  test('is only cut when it is idle', async () => {
    annotate({ 'idle-timeout': '2' });
    const silentResult = await read('sleep 60');
    expect(silentResult).toMatchObject({ code: 1006, error: 'ECONNRESET' });
    const activeResult = await read('for i in $(seq 12); do sleep 0.2; echo; done');
    expect(activeResult).toMatchObject({ bytes: 12, code: 1000 });
  });
});

test.each([
  ['the API server', () => server.kubeconfigs['admin-token'] ?? ''],
  ['the proxy', () => plain],
])('%s keeps the connection of a refused exec open', async (_name, kubeconfig) => {
  const upstream = new Upstream(kubeconfig());
  const ask = async (path: string, headers: Readonly<Record<string, string>> = {}) => {
    const authorization = upstream.authorization ?? '';
    const outgoing = upstream.request('GET', path, { authorization, ...headers });
    const answered = once(outgoing, 'response');
    outgoing.end();
    const [response] = await answered;
    await text(response);
    return { code: response.statusCode, reused: outgoing.reusedSocket };
  };
  const refused = await ask(`${PODS}/web-7/exec?container=none&stdout=true&command=true`, {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
    'sec-websocket-protocol': V5.join(', '),
  });
  expect(refused).toEqual({ code: 400, reused: false });
  expect(await ask(`${PODS}/web-7`)).toEqual({ code: 200, reused: true });
  upstream.close();
});

test('a watch is cut', async () => {
  annotate({ 'disconnect-after': '100 rst', 'only-streams': '1 watch' });
  const watching = () => server.call(`${PODS}?watch=true&timeoutSeconds=1`, { through: plain });
  await expect(watching()).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect((await watching()).text).toContain('ADDED');
});

test('a log is cut', async () => {
  const line = '2026-11-22T21:28:03.000000000Z stdout F some words of a program\n';
  await writeFile(join(folder, 'log'), line.repeat(50));
  const log = () => server.call(`${PODS}/web-7/log`, { through: plain });
  annotate({ 'disconnect-after': '100', 'only-streams': '1 log' });
  await expect(log()).rejects.toMatchObject({ message: 'aborted' });
  expect((await log()).text.split('\n')).toHaveLength(51);
});

test('watches expire', async () => {
  const watching = server.call(
    `${PODS}?watch=true&resourceVersion=${server.store.resourceVersion}`,
    { through: plain },
  );
  const ended = watching.then(() => true);
  let isOver = false;
  // Repeated, because the watch may not have started yet.
  for (let turn = 1; !isOver; turn += 1) {
    annotate({ 'expire-watches': `${turn}` });
    isOver = await Promise.race([ended, wait(200, false)]);
  }
  expect((await watching).text).toContain('"reason":"Expired","code":410');
});

test('the clock of the server is an hour ahead', async () => {
  const created = async () => {
    const answer = await server.call(`${PODS}/web-7`, { through: plain });
    const { creationTimestamp } = objectAt(objectAt(answer.body).metadata);
    return [creationTimestamp, answer.headers.date].map((time) => Date.parse(String(time)));
  };
  const [pod = 0, date = 0] = await created();
  annotate({ 'clock-skew': '3600' });
  const [podLater = 0, dateLater = 0] = await created();
  expect(podLater - pod).toBe(3_600_000);
  expect(dateLater - date).toBeGreaterThanOrEqual(3_600_000);
  const watched = await server.call(`${PODS}?watch=true&timeoutSeconds=1`, { through: plain });
  expect(watched.text).toContain(`"creationTimestamp":"${withoutMilliseconds(podLater)}"`);
});

function withoutMilliseconds(time: number): string {
  return new Date(time).toISOString().replace('.000', '');
}

test('a restart drops all connections of its listener, refuses new ones, and then ends', async () => {
  const [first, second] = [join(folder, 'unsteady'), join(folder, 'steady')];
  const streaming = read(`touch ${first}; sleep 60`, { through: unsteady });
  const steady = read(`touch ${second}; sleep 3`);
  await Promise.all([exists(first), exists(second)]);
  annotate({ restart: '2500' });
  expect(await streaming).toMatchObject({ code: 1006, error: 'ECONNRESET' });
  await expect(server.call(PODS, { through: unsteady })).rejects.toMatchObject({
    code: 'ECONNREFUSED',
  });
  const isBack = async () =>
    expect((await server.call(PODS, { through: unsteady })).status).toBe(200);
  await vi.waitFor(isBack, { timeout: 20_000, interval: 100 });
  expect(await steady).toMatchObject({ code: 1000 });
  expect(server.store.get('namespaces', undefined, 'shop')?.metadata.annotations).toEqual({});
});

test('the start of a command is delayed, but not the opening of its websocket', async () => {
  const mark = join(folder, 'started');
  annotate({ 'delay-exec': '2500', 'only-streams': '1 exec' });
  const socket = await server.websocket(execPath(`touch ${mark}; echo hi`), V5, undefined, plain);
  await once(socket, 'open');
  await wait(300);
  expect(existsSync(mark)).toBe(false);
  const output: Buffer[] = [];
  socket.on('message', (data: Buffer) => output.push(data.subarray(1)));
  await once(socket, 'close');
  expect(Buffer.concat(output).toString()).toMatch(/^hi\n.*Success/);
  expect(existsSync(mark)).toBe(true);
});

test('a recorded answer is returned', async () => {
  annotate({ 'http-error': '404 1 get pods', 'http-error-recording': 'pod-get-404' });
  const answer = await server.call(`${PODS}/web-7`, { through: plain });
  expect(answer.status).toBe(404);
  expect(valueAt(answer.body, ['reason'])).toBe('NotFound');
});

test('faults can also be set in a file, and are counted there', async () => {
  await writeFile(join(folder, 'rules.yaml'), '{ "*": { http-error: 429 2 } }');
  const codes = [];
  for (let count = 0; count < 3; count += 1)
    codes.push((await server.call(PODS, { through: plain })).status);
  expect(codes).toEqual([429, 429, 200]);
});

test('the proxy gives a user with a certificate a token, and uses the certificate for the server', async () => {
  const { users } = JSON.parse(await readFile(plain, 'utf8'));
  const headers = { authorization: `Bearer ${users[0].user.token}` };
  const review = async (through?: string) =>
    server.call('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
      method: 'POST',
      body: { spec: { resourceAttributes: { verb: 'get', resource: 'pods' } } },
      headers,
      ...(through && { through }),
    });
  expect(valueAt((await review(plain)).body, ['status', 'allowed'])).toBe(true);
  expect((await review()).status).toBe(401);
});
