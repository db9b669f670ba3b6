import { execFileSync, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { connect, createServer, type ListenOptions, type Socket } from 'node:net';
import {
  descriptorsCommand,
  processNamesCommand,
  procNetCommand,
} from '../../../src/tools/procNet.ts';
import { ssCommand } from '../../../src/tools/ss.ts';
import { EVERYTHING } from '../sockets/selections.ts';
import { LIVE_SELECTIONS, type LiveOutput } from './liveSelections.ts';

/**
 * Run in its own network and PID namespaces: opens real sockets, then prints the output of netdebug's commands and
 * busybox netstat as JSON. Argument: a folder for unix sockets.
 */
const [folder = ''] = process.argv.slice(2);

execFileSync('ip', ['link', 'set', 'lo', 'up']);
await connected(await listening({ host: '127.0.0.1', port: 0 }), '127.0.0.1');
await connected(await listening({ host: '::1', port: 0 }), '::1');
await connected(await listening({ host: '::', port: 0 }), '127.0.0.1');
await listening({ host: '::', port: 0, ipv6Only: true });
await listening({ path: `${folder}/with a space.sock` });
await listening({ path: '\0abstract' });
connect(`${folder}/with a space.sock`);
const halfClosed = await connected(await listening({ host: '127.0.0.1', port: 0 }), '127.0.0.1');
halfClosed.end();
await open('udp4', '127.0.0.1');
await open('udp6', '::1');
const client = await open('udp4', '127.0.0.1');
client.connect(9, '127.0.0.1');
await once(client, 'connect');
// Long enough for the half-closed connection to settle.
await new Promise((resolve) => setTimeout(resolve, 200));

const output: LiveOutput = {
  ss: LIVE_SELECTIONS.map((selection) => printed(ssCommand(selection))),
  procNet: printed(procNetCommand(EVERYTHING)),
  netstat: printed(['busybox', 'netstat', '-antu']),
  stat: printed(processNamesCommand),
  descriptors: printed(descriptorsCommand),
  descriptorsBusybox: printed(['busybox', ...descriptorsCommand]),
};
process.stdout.write(JSON.stringify(output), () => process.exit());

async function listening(options: ListenOptions): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (socket) => socket.resume());
  server.listen(options);
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function connected(port: number, host: string): Promise<Socket> {
  const socket = connect({ port, host, allowHalfOpen: true });
  await once(socket, 'connect');
  return socket;
}

async function open(type: 'udp4' | 'udp6', address: string) {
  const socket = createSocket(type);
  socket.bind(0, address);
  await once(socket, 'listening');
  return socket;
}

/** Through a file: the pipes that Node gives a child are unix sockets, which would be listed. */
function printed([program = '', ...args]: readonly string[]): string {
  const path = `${folder}/printed`;
  const file = openSync(path, 'w');
  spawnSync(program, args, { stdio: ['ignore', file, 'ignore'] });
  closeSync(file);
  return readFileSync(path, 'utf8');
}
