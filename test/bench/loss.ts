import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type Clients, run } from './clients.ts';
import { figure, heading } from './figures.ts';
import { APP_IMAGE, deletePods, runPod } from './pods.ts';
import { sequenceNumbersIn } from './sequenceNumbers.ts';

const SECONDS = 5;
const BULK_PORT = 5201;
const NUMBERED_PORT = 5202;
const NUMBERED_MBIT = 20;
/** The share of the requested rate that a sender must reach for a valid run. */
const REACHED = 0.95;
/** Time for the last packets to reach the files. */
const SETTLE_MS = 2_500;
const [SOURCE, SINK] = ['bench-loss-source', 'bench-loss-sink'];

/** One way to capture: how to start and end it, and its files. */
interface Way {
  readonly name: string;
  start(folder: string): Promise<{ end(): Promise<string[]> }>;
}

/**
 * The number of packets that each way of capturing loses while iperf3 fills the link between two pods: a second iperf3
 * sends numbered datagrams, and the numbers missing in the files are counted.
 */
export async function benchLoss(clients: Clients, rounds: number): Promise<void> {
  await runPod(clients, SINK, {
    command: ['sh', '-c', `iperf3 -s -p ${BULK_PORT} -D; exec iperf3 -s -p ${NUMBERED_PORT}`],
    spec: { nodeName: 'node-b' },
  });
  await runPod(clients, SOURCE, { command: ['sleep', '3600'], spec: { nodeName: 'node-a' } });
  const address = ['get', 'pod', SINK, '-o', 'jsonpath={.status.podIP}'];
  const { stdout: sink } = await run(clients, [clients.kubectl, ...address], { keep: true });
  const live = (name: string, ...flags: string[]): Way => ({
    name,
    start: async (folder) => watched(clients, join(folder, 'live.pcap'), flags),
  });
  const ways: readonly (Way & { gigabits: number })[] = [
    { gigabits: 1, ...live('streamed directly', '--stream') },
    { gigabits: 1, ...live('by way of the spool') },
    { gigabits: 4, ...live('streamed directly', '--stream') },
    { gigabits: 4, name: 'detached', start: async (folder) => detached(clients, folder) },
  ];
  heading(`Numbered packets lost beside iperf3, full snap length, ${rounds} runs each`);
  for (const { gigabits, ...way } of ways)
    for (let round = 0; round < rounds; round++) await measure(clients, sink, gigabits, way);
  await deletePods(clients, [SOURCE, SINK]);
}

async function measure(clients: Clients, sink: string, gigabits: number, way: Way): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'netdebug-bench-'));
  try {
    const capture = await way.start(folder);
    const [bulk, numbered] = await Promise.all([
      iperf(clients, sink, BULK_PORT, ['-b', `${gigabits}G`]),
      iperf(clients, sink, NUMBERED_PORT, ['-u', '-l', '1000', '-b', `${NUMBERED_MBIT}M`]),
    ]);
    await wait(SETTLE_MS);
    const files = await capture.end();
    const seen = new Set<number>();
    for (const file of files)
      for await (const number of sequenceNumbersIn(file, NUMBERED_PORT)) seen.add(number);
    const sent = numbered.packets;
    const lost = Array.from({ length: sent }, (_, index) => index + 1).filter((n) => !seen.has(n));
    const reached = bulk.bitsPerSecond / (gigabits * 1e9);
    figure(
      `${gigabits} Gbit/s, ${way.name}`,
      `${lost.length} of ${sent} lost (${((100 * lost.length) / sent).toFixed(1)} %), iperf3 reached ${Math.round(100 * reached)} %`,
      { met: lost.length === 0 && reached >= REACHED, text: 'none lost at 95 % of the rate' },
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Runs iperf3 in the source pod to its end. */
async function iperf(clients: Clients, sink: string, port: number, flags: readonly string[]) {
  const command = ['iperf3', '-J', '-c', sink, '-p', String(port), '-t', String(SECONDS), ...flags];
  const { stdout } = await run(clients, [clients.kubectl, 'exec', SOURCE, '--', ...command], {
    keep: true,
  });
  const { end } = JSON.parse(stdout) as {
    end: {
      sum?: { packets?: number; bits_per_second: number };
      sum_sent?: { bits_per_second: number };
    };
  };
  return {
    packets: end.sum?.packets ?? 0,
    bitsPerSecond: (end.sum_sent ?? end.sum)?.bits_per_second ?? 0,
  };
}

/** A netdebug capture into a file, until it is interrupted. */
async function watched(clients: Clients, file: string, flags: readonly string[]) {
  const args = ['capture', SOURCE, '--image', APP_IMAGE, '-w', file, ...flags];
  const child = spawn(clients.netdebug, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, KUBECONFIG: clients.kubeconfig },
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    let output = '';
    child.stderr.on('data', (text: Buffer) => {
      output += text;
      if (output.includes('capturing on')) resolve();
    });
    child.once('close', () => reject(new Error(`the capture ended: ${output}`)));
  });
  await wait(1_000);
  return {
    end: async () => {
      child.kill('SIGINT');
      await ended;
      return [file];
    },
  };
}

let captures = 0;

/** A detached capture, fetched after its end. */
async function detached(clients: Clients, folder: string) {
  captures += 1;
  const name = `loss-${captures}`;
  const ours = (...args: string[]) => run(clients, [clients.netdebug, ...args]);
  await ours(
    ...['capture', SOURCE, '--image', APP_IMAGE, '--detach', '--name', name],
    ...['-C', '500', '-W', '10'],
  );
  return {
    end: async () => {
      await ours('captures', 'stop', name);
      await ours('captures', 'fetch', name, '-w', folder);
      await ours('captures', 'rm', name);
      return readdirSync(folder)
        .filter((file) => file.endsWith('.pcap'))
        .map((file) => join(folder, file));
    },
  };
}
