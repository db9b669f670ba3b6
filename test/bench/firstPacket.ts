import { spawn } from 'node:child_process';
import type { Clients, CommandLine } from './clients.ts';

const LIMIT_MS = 60_000;

/**
 * Runs commands one after another, as a script would. Returns the milliseconds from the start of the first until the
 * last has printed a packet, which is more than `headerBytes`. All of them must end by themselves.
 */
export async function timeToFirstPacket(
  clients: Clients,
  commandLines: readonly CommandLine[],
  headerBytes: number,
): Promise<number> {
  const startTime = performance.now();
  let first = 0;
  for (const commandLine of commandLines)
    first = await firstOutput(clients, commandLine, headerBytes);
  if (first === 0) throw new Error(`no packet from ${commandLines.at(-1)?.join(' ')}`);
  return first - startTime;
}

/** The time of the first packet, from `performance.now`. 0 if none arrived. */
async function firstOutput(
  { kubeconfig }: Clients,
  [program, ...args]: CommandLine,
  headerBytes: number,
): Promise<number> {
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, KUBECONFIG: kubeconfig },
    timeout: LIMIT_MS,
  });
  let first = 0;
  let bytes = 0;
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (first === 0 && bytes > headerBytes) first = performance.now();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`${program} ${args.join(' ')}: ${code}\n${stderr}`);
  return first;
}
