import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type CommandLine, findClients, nameClients, type Run, run } from './clients.ts';
import { interleave } from './interleave.ts';
import { startPeakMemory } from './peakMemory.ts';
import { record } from './results.ts';

type Measure = (commandLine: CommandLine) => Promise<Pick<Run, 'milliseconds' | 'peakMemory'>>;

/** The released binary against kubectl: quick answers, and the time before the first request. */
export async function benchStart(rounds: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'netdebug-bench-'));
  const kubeconfig = join(folder, 'kubeconfig');
  // A copy, as in an installation. The system keeps a newly written file in memory in such large pieces that a program
  // would be charged for memory that it never uses.
  const installed = join(folder, 'kubectl-netdebug');
  const found = findClients(kubeconfig);
  copyFileSync(found.netdebug, installed);
  const clients = { ...found, netdebug: installed };
  const { netdebug, kubectl } = clients;
  console.log(nameClients(clients));

  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  writeFileSync(kubeconfig, kubeconfigFor(port), { mode: 0o600 });

  /** From the start of the process until its first request has arrived, which is then refused. */
  const untilRequest: Measure = async ([program, ...args]) => {
    const startTime = performance.now();
    const answered = once(server, 'request').then(([, response]) => {
      const taken = performance.now() - startTime;
      response.writeHead(403).end();
      return taken;
    });
    const child = spawn(program, args, {
      stdio: 'ignore',
      env: { ...process.env, KUBECONFIG: kubeconfig, HOME: folder },
    });
    const memory = startPeakMemory(child.pid ?? 0);
    const ended = once(child, 'close');
    const taken = await answered;
    child.kill();
    await ended;
    return { milliseconds: taken, peakMemory: memory.stop() };
  };
  const toTheEnd: Measure = (commandLine) => run(clients, commandLine);

  try {
    const version: CommandLine = [kubectl, 'version', '--client'];
    const answers = { group: 'Start-up', measure: toTheEnd, rounds };
    await compare({ ...answers, name: '--version', most: 1 }, [netdebug, '--version'], version);
    await compare(
      { ...answers, name: '--help', most: 1 },
      [netdebug, '--help'],
      [kubectl, '--help'],
    );
    const get: CommandLine = [kubectl, 'get', 'pod', 'pod-1'];
    const first = {
      group: 'Time before the first request',
      measure: untilRequest,
      rounds,
      most: 1.4,
    };
    await compare({ ...first, name: 'ports' }, [netdebug, 'ports', 'pod-1'], get);
    await compare({ ...first, name: 'capture' }, [netdebug, 'capture', 'pod-1'], get);
  } finally {
    server.close();
    server.closeAllConnections();
    rmSync(folder, { recursive: true });
  }
}

interface Comparison {
  readonly group: string;
  readonly name: string;
  readonly measure: Measure;
  readonly rounds: number;
  /** The goal of the ratio. */
  readonly most: number;
}

async function compare(
  { group, name, measure, rounds, most }: Comparison,
  ours: CommandLine,
  theirs: CommandLine,
): Promise<void> {
  const contestants = [() => measure(ours), () => measure(theirs)];
  // The first run loads the programs into memory.
  await interleave(1, contestants);
  const [mine = [], other = []] = await interleave(rounds, contestants);
  const times = (runs: typeof mine) => runs.map(({ milliseconds: taken }) => taken);
  const peaks = (runs: typeof mine) => runs.map(({ peakMemory }) => peakMemory);
  const [program = '', ...args] = theirs;
  const against = [basename(program), ...args].join(' ');
  const compared = { group, against };
  record({
    ...{ ...compared, name, unit: 'ms', goal: { most } },
    ...{ ours: times(mine), theirs: times(other) },
  });
  record({
    ...{ ...compared, name: `${name}: peak memory`, unit: 'bytes' },
    ...{ ours: peaks(mine), theirs: peaks(other) },
  });
}

function kubeconfigFor(port: number): string {
  return `clusters: [{name: c, cluster: {server: "http://127.0.0.1:${port}"}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
users: [{name: u, user: {token: t}}]
current-context: x
`;
}
