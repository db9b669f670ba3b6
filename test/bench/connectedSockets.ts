import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

// Holds connections to itself until it is killed. It uses several processes, because none may open more than a few
// thousand files. Usage: connectedSockets.ts SOCKETS. Prints "connected" when all connections are open.

/** Both ends of a connection are in this process. */
const SOCKETS_PER_CONNECTION = 2;
const SOCKETS_PER_PROCESS = 12_500;
const PORT = 7000;
/** Connections that are opened at the same time: fewer than a listener's backlog. */
const AT_ONCE = 64;

const [sockets, worker] = process.argv.slice(2).map(Number);
if (worker === undefined) await startWorkers(sockets ?? 0);
else await holdConnections(`127.0.1.${worker + 1}`, (sockets ?? 0) / SOCKETS_PER_CONNECTION);

async function startWorkers(sockets: number): Promise<void> {
  const count = Math.ceil(sockets / SOCKETS_PER_PROCESS);
  await Promise.all(
    Array.from({ length: count }, async (_, worker) => {
      const child = fork(import.meta.filename, [String(sockets / count), String(worker)]);
      child.once('exit', (code) => process.exit(code || 1));
      await once(child, 'message');
    }),
  );
  console.log('connected');
}

/** Every worker has its own address, so that none runs out of ports. */
async function holdConnections(host: string, count: number): Promise<void> {
  const held: Socket[] = [];
  const server = createServer((socket) => held.push(socket));
  server.listen(PORT, host);
  await once(server, 'listening');
  while (held.length < count * SOCKETS_PER_CONNECTION) {
    const missing = Math.min(AT_ONCE, count - held.length / SOCKETS_PER_CONNECTION);
    const accepted = held.length + missing * SOCKETS_PER_CONNECTION;
    const opened = Array.from({ length: missing }, async () => {
      const socket = connect(PORT, host);
      await once(socket, 'connect');
      held.push(socket);
    });
    await Promise.all(opened);
    while (held.length < accepted) await once(server, 'connection');
  }
  process.send?.('connected');
}
