import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { wireshark } from '../unit/pcap/wireshark.ts';
import { type Clients, run } from './clients.ts';
import { atMost, figure, heading, megabytes, milliseconds } from './figures.ts';
import { startPeakMemory } from './peakMemory.ts';
import { APP_IMAGE, DEBUGGER_IMAGE, deletePods, type PodOptions } from './pods.ts';

const PODS = 50;
const LABEL = 'bench=many';
export const SELECTED = ['--selector', LABEL] as const;
const START_MS = 5_000;
export const MEMORY = 200e6;
/** How long to capture, before and after one of the pods is deleted. */
const CAPTURED_MS = 4_000;
const START_LIMIT_MS = 120_000;

/** Ten datagrams a second, with a number in each. */
export const NUMBERED = [
  'bash',
  '-c',
  'exec 3<> <(:); while :; do read -r -t 0.1 -u 3; n=$((n + 1)); printf "%s" "$n" > "/dev/udp/$0/9"; done',
];

/**
 * Captures many pods on both nodes into one file: the time until all of them listen, and the peak memory. One pod is
 * deleted in the meantime. For the others, each numbered packet must be in the file.
 */
export async function benchMany(clients: Clients, sink: string): Promise<void> {
  heading(`${PODS} pods on two nodes, captured into one pcapng`);
  const pods = Array.from({ length: PODS }, (_, index) => `bench-many-${index}`);
  const folder = mkdtempSync(join(tmpdir(), 'netdebug-bench-'));
  try {
    await makePods(clients, pods, ['node-a', 'node-b'], { command: [...NUMBERED, sink] });
    // The first round adds the debuggers, the second uses them.
    for (const [deleted, name] of ['new debuggers', 'debuggers that run'].entries()) {
      const remaining = pods.slice(deleted);
      const { listening, bytes } = await captureAll(clients, remaining, folder);
      const fits = atMost(listening, START_MS, milliseconds(START_MS));
      figure(`${name}: until all ${remaining.length} listen`, milliseconds(listening), fits);
      figure(`${name}: most memory`, megabytes(bytes), atMost(bytes, MEMORY, megabytes(MEMORY)));
    }
  } finally {
    await deletePods(clients, ['--ignore-not-found', ...pods]);
    rmSync(folder, { recursive: true });
  }
}

/** Creates pods on these nodes in turn, and waits until they run. */
export async function makePods(
  clients: Clients,
  names: readonly string[],
  nodes: readonly string[],
  { command }: Pick<PodOptions, 'command'>,
): Promise<void> {
  const [key = '', value = ''] = LABEL.split('=');
  const items = names.map((name, index) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { [key]: value } },
    spec: {
      nodeName: nodes[index % nodes.length],
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'main', image: APP_IMAGE, command }],
    },
  }));
  const { kubectl } = clients;
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  await run(clients, [kubectl, 'create', '-f', '-'], { stdin: list });
  const ready = ['wait', '--for=condition=Ready', 'pod', '-l', LABEL, '--timeout=180s'];
  await run(clients, [kubectl, ...ready]);
}

/**
 * Captures all existing pods, which are these, into one file, and checks it. The first of them is deleted in the
 * meantime, unless `allStay` is set. Returns the milliseconds until all listen, and the peak memory in bytes.
 */
export async function captureAll(
  clients: Clients,
  pods: readonly string[],
  folder: string,
  { allStay = false } = {},
): Promise<{ readonly listening: number; readonly bytes: number }> {
  const file = join(folder, 'all.pcapng');
  rmSync(file, { force: true });
  const selected = ['capture', ...SELECTED, '--max-pods', String(pods.length)];
  const startTime = performance.now();
  const child = spawn(
    clients.netdebug,
    [...selected, '--image', DEBUGGER_IMAGE, '-w', file, '--', 'udp dst port 9'],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, KUBECONFIG: clients.kubeconfig },
    },
  );
  const memory = startPeakMemory(child.pid ?? 0);
  const ended = once(child, 'close');
  let output = '\n';
  let listening: number | undefined;
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    if (output.split('\ncapturing on ').length > pods.length)
      listening ??= performance.now() - startTime;
  });
  try {
    for (const limit = Date.now() + START_LIMIT_MS; listening === undefined; await wait(20))
      if (child.exitCode !== null || Date.now() > limit)
        throw new Error(`not all listen\n${output}`);
    await wait(CAPTURED_MS);
    if (!allStay) await deletePods(clients, pods.slice(0, 1));
    await wait(CAPTURED_MS);
  } finally {
    child.kill('SIGINT');
    await ended;
  }
  const bytes = memory.stop();
  const numbers = numbersIn(file);
  for (const pod of pods.slice(allStay ? 0 : 1))
    complete(pod, output, numbers.get(`default/${pod}/eth0`) ?? []);
  return { listening, bytes };
}

/** The numbers of the packets of each interface, as found by tshark in the file. */
function numbersIn(file: string): Map<string, number[]> {
  const fields = ['-e', 'frame.interface_name', '-e', 'udp.payload'];
  const text = wireshark('tshark', '-n', '-r', file, '-T', 'fields', ...fields);
  const lists = new Map<string, number[]>();
  for (const line of text.trimEnd().split('\n')) {
    const [at = '', payload = ''] = line.split('\t');
    const numbers = lists.get(at) ?? [];
    lists.set(at, numbers);
    numbers.push(Number(Buffer.from(payload, 'hex').toString()));
  }
  return lists;
}

/**
 * Throws unless the reported number of packets of a pod, and each number between the first and the last, is in the
 * file.
 */
function complete(pod: string, output: string, numbers: readonly number[]): void {
  // The columns for gaps and interruptions are shown only if there are any.
  const [, counted] = new RegExp(`^${pod} +\\S+ +(\\d+) +0 +complete$`, 'm').exec(output) ?? [];
  const first = numbers[0] ?? 0;
  const whole = numbers.every((number, index) => number === first + index);
  // Twice the time at ten per second. A busy machine loses some of it.
  if (!whole || numbers.length !== Number(counted) || numbers.length < CAPTURED_MS / 100)
    throw new Error(
      `${pod}: ${counted} packets were counted, ${numbers.length} are there\n${output}`,
    );
}
