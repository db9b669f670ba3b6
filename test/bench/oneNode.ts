import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mapConcurrently } from '../../src/kube/mapConcurrently.ts';
import { type Clients, type CommandLine, run } from './clients.ts';
import { figure, milliseconds } from './figures.ts';
import { captureAll, MEMORY, makePods, NUMBERED, SELECTED } from './many.ts';
import { DEBUGGER_IMAGE, OUR_DEBUGGER } from './pods.ts';
import { record } from './results.ts';

const PODS = 60;
const NODE = 'node-b';
/** How many kubectl processes run at the same time. The best of these is compared. */
const PARALLELISM = [1, 2, 4, 8, 16];
const GROUP = `${PODS} pods on one node`;
/** The limit of the ratio to kubectl's best time. */
const LIMIT = { most: 1.5 };
/** Commands on detached captures in all pods, in the order of their execution. */
const COMMANDS = ['list', 'ps', 'fetch', 'cleanup'] as const;

type Command = (typeof COMMANDS)[number];

/** Times of a round in milliseconds, and memory in bytes. */
interface Round {
  readonly fresh: number;
  readonly debugs: number;
  readonly running: number;
  readonly execs: number;
  readonly bytes: number;
  readonly commands: Readonly<Record<Command, number>>;
}

/**
 * Captures 60 pods on one node, first with new debuggers and then with running ones, and compares that with 60 runs of
 * `kubectl debug` and `kubectl exec … true`. Every numbered packet must be in the file. Then each command on many
 * captures is timed.
 */
export async function benchOneNode(clients: Clients, sink: string, rounds: number): Promise<void> {
  const samples: Round[] = [];
  for (let round = 0; round < rounds; round++) samples.push(await measure(clients, sink, round));
  const of = (measured: (round: Round) => number) => samples.map(measured);
  record({
    ...{ group: GROUP, name: 'new debuggers, until all listen', unit: 'ms', goal: LIMIT },
    against: `${PODS} kubectl debug, wait; best of parallelism ${PARALLELISM.join(', ')}`,
    ours: of(({ fresh }) => fresh),
    theirs: of(({ debugs }) => debugs),
  });
  record({
    ...{ group: GROUP, name: 'running debuggers, until all listen', unit: 'ms', goal: LIMIT },
    against: `${PODS} kubectl exec true; best of parallelism ${PARALLELISM.join(', ')}`,
    ours: of(({ running }) => running),
    theirs: of(({ execs }) => execs),
  });
  const memory = of(({ bytes }) => bytes);
  record({
    group: GROUP,
    name: 'peak memory',
    unit: 'bytes',
    ours: memory,
    goal: { most: MEMORY },
  });
  for (const command of COMMANDS)
    record({
      ...{ group: GROUP, name: command, unit: 'ms', against: `${PODS} kubectl exec true` },
      ours: of(({ commands }) => commands[command]),
      theirs: of(({ execs }) => execs),
    });
}

async function measure(clients: Clients, sink: string, round: number): Promise<Round> {
  const pods = Array.from({ length: PODS }, (_, index) => `bench-node-${round}-${index}`);
  const folder = mkdtempSync(join(tmpdir(), 'netdebug-bench-'));
  try {
    await makePods(clients, pods, [NODE], { command: [...NUMBERED, sink] });
    const fresh = await captureAll(clients, pods, folder, { allStay: true });
    tell('new debuggers', fresh.listening);
    const running = await captureAll(clients, pods, folder, { allStay: true });
    tell('running debuggers', running.listening);
    const { kubectl } = clients;
    const execs = await bestOf('kubectl exec true', (atOnce) =>
      timed(clients, pods, atOnce, (pod) => [
        [kubectl, 'exec', pod, '-c', OUR_DEBUGGER, '--', 'true'],
      ]),
    );
    const debugs = await bestOf('kubectl debug', (atOnce) =>
      timed(clients, pods, atOnce, (pod) => debugCommands(kubectl, pod, `by-hand-${atOnce}`)),
    );
    const { times: commands, bytes } = await timeCommands(clients, join(folder, 'fetched'));
    return {
      ...{ fresh: fresh.listening, running: running.listening, execs, debugs, commands },
      bytes: Math.max(fresh.bytes, running.bytes, bytes),
    };
  } finally {
    await run(clients, [clients.kubectl, 'delete', 'pod', '--ignore-not-found', ...pods]);
    rmSync(folder, { recursive: true });
  }
}

/** `kubectl debug` without a terminal returns before the container runs. */
function debugCommands(kubectl: string, pod: string, container: string): CommandLine[] {
  const path = `{.status.ephemeralContainerStatuses[?(@.name=="${container}")].state.running}`;
  return [
    [
      ...([kubectl, 'debug', pod, '-c', container, '--image', DEBUGGER_IMAGE] as const),
      ...['--image-pull-policy=IfNotPresent', '--profile=netadmin', '--', 'sleep', '900'],
    ],
    [kubectl, 'wait', `pod/${pod}`, '--timeout=120s', `--for=jsonpath=${path}`],
  ];
}

/** Shows the progress of a round, which takes minutes. */
function tell(name: string, time: number): void {
  figure(name, milliseconds(time));
}

async function bestOf(
  name: string,
  measureAt: (atOnce: number) => Promise<number>,
): Promise<number> {
  const times: number[] = [];
  for (const atOnce of PARALLELISM) {
    const time = await measureAt(atOnce);
    tell(`${PODS} ${name}, ${atOnce} at once`, time);
    times.push(time);
  }
  return Math.min(...times);
}

/** Milliseconds until the commands for all pods have ended. Those of one pod run one after another. */
async function timed(
  clients: Clients,
  pods: readonly string[],
  atOnce: number,
  linesOf: (pod: string) => readonly CommandLine[],
): Promise<number> {
  const startTime = performance.now();
  await mapConcurrently(pods, atOnce, async (pod) => {
    for (const line of linesOf(pod)) await run(clients, line);
  });
  return performance.now() - startTime;
}

/** Starts a detached capture in every pod, and times the commands on all of them. `bytes` is their peak memory. */
async function timeCommands(
  clients: Clients,
  folder: string,
): Promise<{ readonly times: Record<Command, number>; readonly bytes: number }> {
  const netdebug = (...args: string[]) => run(clients, [clients.netdebug, ...args], { keep: true });
  const all = [...SELECTED, '--max-pods', String(PODS)];
  await netdebug('capture', ...all, '--image', DEBUGGER_IMAGE, '--detach', '--name', 'bench');
  let bytes = 0;
  const time = async (...args: string[]) => {
    const { milliseconds: taken, peakMemory } = await netdebug(...args);
    bytes = Math.max(bytes, peakMemory);
    tell(args.join(' '), taken);
    return taken;
  };
  const list = await time('captures', 'list');
  const ps = await time('ps');
  const fetch = await time('captures', 'fetch', 'bench', '--flush', '-w', folder);
  const cleanup = await time('cleanup', '--captures', '--yes');
  return { times: { list, ps, fetch, cleanup }, bytes };
}
