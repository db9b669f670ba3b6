import { spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { type Clients, type Run, run } from './clients.ts';
import { atMost, figure, heading, median, megabytes, milliseconds, spread } from './figures.ts';
import { interleave } from './interleave.ts';
import { DEBUGGER_IMAGE, deletePods, runPod } from './pods.ts';

const VARIANTS = [[], ['-o', 'json'], ['-p']];
const TIME_GOAL_MS = 3_000;
const MEMORY_GOAL = 150e6;

/** `ports` on a pod with few and with many established connections. */
export async function benchPorts(clients: Clients, rounds: number): Promise<void> {
  for (const sockets of [100, 100_000]) await benchSockets(clients, sockets, rounds);
}

async function benchSockets(clients: Clients, sockets: number, rounds: number): Promise<void> {
  const pod = `bench-ports-${sockets}`;
  const list = (flags: readonly string[]) =>
    run(clients, [clients.netdebug, 'ports', pod, '--image', DEBUGGER_IMAGE, ...flags], {
      keep: true,
    });
  heading(`ports, ${sockets.toLocaleString('en')} established sockets, ${rounds} rounds`);
  await runConnected(clients, pod, sockets);
  for (const flags of VARIANTS) await list(flags);
  const all = await interleave(
    rounds,
    VARIANTS.map((flags) => () => list(flags)),
  );
  for (const [index, runs] of all.entries()) report(VARIANTS[index] ?? [], runs, sockets);
  await deletePods(clients, [pod]);
}

function report(flags: readonly string[], runs: readonly Run[], sockets: number): void {
  const count = Math.min(...runs.map(({ stdout }) => stdout.split('ESTABLISHED').length - 1));
  if (count < sockets) throw new Error(`ports shows ${count} of ${sockets} established sockets`);
  const times = runs.map((run) => run.milliseconds);
  const peaks = runs.map(({ peakMemory }) => peakMemory);
  const name = ['ports', ...flags].join(' ');
  figure(`${name}: time`, spread(times, milliseconds), atMost(median(times), TIME_GOAL_MS, '3 s'));
  figure(
    `${name}: peak memory`,
    spread(peaks, megabytes),
    atMost(Math.max(...peaks), MEMORY_GOAL, '150 MB'),
  );
}

/** A pod in which this machine's Node holds the connections. Resolves when all of them are open. */
async function runConnected(clients: Clients, name: string, sockets: number): Promise<void> {
  const folders = { node: dirname(process.execPath), bench: import.meta.dirname };
  await runPod(clients, name, {
    command: ['/node/node', '/bench/connectedSockets.ts', String(sockets)],
    container: {
      volumeMounts: Object.keys(folders).map((name) => ({
        name,
        mountPath: `/${name}`,
        readOnly: true,
      })),
    },
    spec: {
      volumes: Object.entries(folders).map(([name, path]) => ({ name, hostPath: { path } })),
    },
  });
  await untilItSays(clients, name, 'connected');
}

async function untilItSays({ kubectl, kubeconfig }: Clients, pod: string, word: string) {
  const logs = spawn(kubectl, ['logs', '-f', pod], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, KUBECONFIG: kubeconfig },
  });
  try {
    const output: string[] = [];
    for await (const line of createInterface(logs.stdout)) {
      if (line === word) return;
      output.push(line);
    }
    throw new Error(`pod ${pod} never said "${word}":\n${output.join('\n')}`);
  } finally {
    logs.kill();
  }
}
