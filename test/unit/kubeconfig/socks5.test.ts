import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { socksConnect } from '../../../src/kube/socks5.ts';

/** Connects through a proxy that answers with these bytes, one part at a time, and then ends or waits. */
async function ask(parts: readonly (readonly number[])[], end = true, username = '') {
  const server = createServer(async (socket: Socket) => {
    socket.on('error', () => {}).resume();
    for (const part of parts) {
      await wait(5);
      socket.write(Buffer.from(part));
    }
    if (end) socket.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  onTestFinished(() => {
    socket.destroy();
    server.close();
  });
  const to = { host: 'api.example', port: 443 };
  await socksConnect(socket, to, { username, password: '' });
  return socket;
}

const WELCOME = [5, 0];
const CONNECTED = [5, 0, 0, 1, 127, 0, 0, 1, 0, 0];

it.each<[string, number[][]]>([
  ['at once', [[...WELCOME, ...CONNECTED, 1, 2]]],
  ['byte by byte', [...WELCOME, ...CONNECTED, 1, 2].map((byte) => [byte])],
  ['with a name as address', [[...WELCOME, 5, 0, 0, 3, 2, 97, 98, 0, 0, 1, 2]]],
  ['with an IPv6 address', [[...WELCOME, 5, 0, 0, 4, ...Array(18).fill(0), 1, 2]]],
])('an answer %s: the bytes after it belong to the server', async (_, parts) => {
  const socket = await ask(parts);
  let read = Buffer.alloc(0);
  for await (const chunk of socket as AsyncIterable<Buffer>) read = Buffer.concat([read, chunk]);
  expect([...read]).toEqual([1, 2]);
});

it.each<[number[][], string, string]>([
  [[], '', 'EOF'],
  [[[5]], '', 'EOF'],
  [[WELCOME, [5, 0, 0, 1, 127]], '', 'EOF'],
  [[[4, 0]], '', 'unexpected protocol version 4'],
  [[[72, 84]], '', 'unexpected protocol version 72'],
  [[[5, 255]], '', 'no acceptable authentication methods'],
  [[[5, 2]], '', 'no acceptable authentication methods'],
  [
    [
      [5, 2],
      [1, 1],
    ],
    'me',
    'username/password authentication failed',
  ],
  [[WELCOME, [5, 4, 0, 1]], '', 'host unreachable'],
  [[WELCOME, [5, 99, 0, 1]], '', 'unknown code: 99'],
])('%j: %s', async (parts, username, message) => {
  await expect(ask(parts, true, username)).rejects.toThrow(message);
});

it('a proxy that stops answering uses no processor time', async () => {
  const before = process.cpuUsage().user;
  const answer = ask([[5]], false);
  answer.catch(() => {});
  // A busy wait would block this timer.
  await wait(200);
  expect(process.cpuUsage().user - before).toBeLessThan(150_000);
});
