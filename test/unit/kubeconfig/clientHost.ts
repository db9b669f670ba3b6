import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { runCommandLine } from '../../../src/cli/commandLine.ts';

/** One command as its own process would run it. */
export interface Job {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

// When a command ends, its process ends, and with it the connections that nothing waits for any more. This process runs
// the next command, so it closes them itself.
const sockets = new Set<Socket>();
let runs = false;
subscribe('net.client.socket', (message) => {
  const { socket } = message as { socket: Socket };
  // The next step is to connect, which would revive a destroyed socket.
  if (!runs) process.nextTick(() => socket.destroy());
  sockets.add(socket);
  socket.on('close', () => sockets.delete(socket));
});

// Runs commands one after another, because loading the program takes longer than most commands.
process.on('message', async ({ args, env, cwd }: Job) => {
  runs = true;
  process.chdir(cwd);
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, env);
  let stderr = '';
  process.stderr.write = (chunk: string | Uint8Array) => {
    stderr += chunk;
    return true;
  };
  const code = await runCommandLine(args);
  runs = false;
  for (const socket of sockets) socket.destroy();
  process.send?.({ code, stderr });
});
