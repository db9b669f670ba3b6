import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CommandLine, findClients, nameClients, type Run, run } from './clients.ts';
import { atMost, figure, heading, median, megabytes, milliseconds, spread } from './figures.ts';
import { interleave } from './interleave.ts';
import { startPeakMemory } from './peakMemory.ts';

const root = join(import.meta.dirname, '..', '..');
const BINARY = join(root, 'dist', 'bin', 'linux-amd64', 'kubectl-netdebug');

type Measure = (commandLine: CommandLine) => Promise<Pick<Run, 'milliseconds' | 'peakMemory'>>;

/** The released binary against kubectl: quick answers, and the time before the first request. */
export async function benchStart(rounds: number): Promise<void> {
  if (!existsSync(BINARY))
    execFileSync(join(root, 'scripts', 'build'), ['linux-amd64'], { stdio: 'inherit' });
  const folder = mkdtempSync(join(tmpdir(), 'netdebug-bench-'));
  const kubeconfig = join(folder, 'kubeconfig');
  // A copy, as an installation makes it: of what the build has just written, the system keeps pieces
  // so large in memory that a program is counted for much that it never touches.
  const installed = join(folder, 'kubectl-netdebug');
  copyFileSync(BINARY, installed);
  const clients = { ...findClients(kubeconfig), netdebug: installed };
  const { netdebug, kubectl } = clients;
  console.log(nameClients(clients));

  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  writeFileSync(kubeconfig, kubeconfigFor(port), { mode: 0o600 });

  /** From the start of the process until its first request has arrived; it is refused. */
  const untilRequest: Measure = async ([program, ...args]) => {
    const begun = performance.now();
    const asked = once(server, 'request').then(([, response]) => {
      const taken = performance.now() - begun;
      response.writeHead(403).end();
      return taken;
    });
    const child = spawn(program, args, {
      stdio: 'ignore',
      env: { ...process.env, KUBECONFIG: kubeconfig, HOME: folder },
    });
    const memory = startPeakMemory(child.pid ?? 0);
    const ended = once(child, 'close');
    const taken = await asked;
    child.kill();
    await ended;
    return { milliseconds: taken, peakMemory: memory.stop() };
  };
  const toTheEnd: Measure = (commandLine) => run(clients, commandLine);

  try {
    heading(`Answers of the binary, ${rounds} rounds: median [least – most]`);
    const version: CommandLine = [kubectl, 'version', '--client'];
    await compare('--version', toTheEnd, rounds, [netdebug, '--version'], version, 1);
    await compare('--help', toTheEnd, rounds, [netdebug, '--help'], [kubectl, '--help'], 1);
    heading(`The binary's own time before its first request, ${rounds} rounds`);
    const get: CommandLine = [kubectl, 'get', 'pod', 'pod-1'];
    await compare('ports', untilRequest, rounds, [netdebug, 'ports', 'pod-1'], get, 2);
    await compare('capture', untilRequest, rounds, [netdebug, 'capture', 'pod-1'], get, 2);
  } finally {
    server.close();
    server.closeAllConnections();
    rmSync(folder, { recursive: true });
  }
}

async function compare(
  name: string,
  measure: Measure,
  rounds: number,
  ours: CommandLine,
  theirs: CommandLine,
  limit: number,
): Promise<void> {
  const contestants = [() => measure(ours), () => measure(theirs)];
  // The programs come into the memory of this machine.
  await interleave(1, contestants);
  const [mine = [], other = []] = await interleave(rounds, contestants);
  const times = (runs: typeof mine) => runs.map(({ milliseconds: taken }) => taken);
  const peak = (runs: typeof mine) => median(runs.map(({ peakMemory }) => peakMemory));
  const ratio = median(times(mine)) / median(times(other));
  figure(`${name}: netdebug`, `${spread(times(mine), milliseconds)}, ${megabytes(peak(mine))}`);
  figure(`${name}: kubectl`, `${spread(times(other), milliseconds)}, ${megabytes(peak(other))}`);
  figure(`${name}: ratio`, ratio.toFixed(2), atMost(ratio, limit, `${limit}`));
}

function kubeconfigFor(port: number): string {
  return `clusters: [{name: c, cluster: {server: "http://127.0.0.1:${port}"}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
users: [{name: u, user: {token: t}}]
current-context: x
`;
}
