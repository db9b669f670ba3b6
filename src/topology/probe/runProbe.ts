import { randomBytes } from 'node:crypto';
import { tcpdumpChangesUser } from '../../debugger/image.ts';
import type { LeasedProcess } from '../../debugger/leasedProcess.ts';
import { Problem } from '../../problem.ts';
import type { FactsPool } from '../collect/factsPool.ts';
import { netnsPath } from '../collect/queryRoutes.ts';
import { parseSections, type Section } from '../collect/sections.ts';
import type { PathTrace } from '../trace/tracePath.ts';
import countersScript from './counters.sh';
import { type Counters, type Growth, growthOf, parseCounters } from './counters.ts';
import { echoRequest } from './echoRequest.ts';
import { followPackets, type Observed, type ProbedPacket } from './followPackets.ts';
import { observationsIn } from './observation.ts';
import type { ProbePlan } from './probePlan.ts';
import sendScript from './send.sh';
import watchScript from './watch.sh';
import { watchFilter } from './watchFilter.ts';
import { placeKey, type WatchPoint, watchPoints } from './watchPoint.ts';

/** The result of a probe. */
export interface ProbeResult {
  readonly plan: ProbePlan;
  readonly packets: readonly ProbedPacket[];
  /** Counters that grew during the probe, because of it or of other packets. */
  readonly growth: readonly Growth[];
  /** Whether the path ends outside of the cluster, where no device can be watched. */
  readonly leaves: boolean;
  /** The error messages of the sending program, without duplicates. */
  readonly messages: readonly string[];
  /** Devices that could not be watched, and why. */
  readonly unwatched: readonly { readonly point: WatchPoint; readonly why: string }[];
}

/** Watchers end by themselves after this many seconds. */
const WATCH_SECONDS = 30;
const READY_TIMEOUT_MS = 20_000;
/** Enough for the headers of a tunnel and of the inner packet, and for the identifying payload. */
const SNAP_BYTES = 320;
/** The limit for the output of a node's watchers. */
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

/**
 * Watches all devices of a path while the probe's packets are sent, and follows the packets. Throws a Problem if a
 * node cannot watch at all. Nothing keeps running afterwards.
 */
export async function runProbe(
  pool: FactsPool,
  trace: PathTrace,
  plan: ProbePlan,
): Promise<ProbeResult> {
  const points = watchPoints(trace);
  const sender = senderOf(trace);
  if (sender === undefined)
    throw new Problem('--probe: the network of the sender could not be read', {
      kind: 'no-facts',
      next: ['FROM must be a pod or node that can be debugged'],
    });
  const filter = watchFilter(addressesOf(trace, plan), underlayOf(trace));
  const watches = await startWatching(pool, points, filter);
  let sendOutput: Section[];
  try {
    await Promise.all(watches.map(({ ready }) => ready));
    sendOutput = await pool.run(
      sender.node,
      sendScript,
      [],
      [
        ...[sender.path, String(sender.netns), plan.kind, plan.destination],
        ...[
          String(plan.port),
          String(plan.sourcePort),
          String(plan.count),
          plan.data,
          String(plan.size),
        ],
        ...messagesOf(plan),
      ],
    );
    for (const { watcher } of watches) watcher.sendSignal();
    await Promise.all(watches.map(({ output }) => output));
  } finally {
    for (const { watcher } of watches) watcher.close();
  }
  const observed: Map<string, ReturnType<typeof observationsIn> | undefined> = new Map();
  const growth: Growth[] = [];
  const unwatched: { point: WatchPoint; why: string }[] = [];
  for (const { node, points: nodePoints, output } of watches) {
    const sections = await output;
    for (const [at, point] of nodePoints.entries()) {
      const capture = sections.find(
        ({ name, words }) => name === 'packets' && words[0] === String(at),
      );
      observed.set(placeKey(point), capture && observationsIn(capture.body));
      if (capture === undefined) unwatched.push({ point, why: unwatchedReason(sections, at) });
    }
    growth.push(...counterGrowth(sections, node));
  }
  return {
    plan,
    packets: followPackets(plan, trace, observed satisfies Observed),
    growth,
    leaves: trace.paths[0]?.end === 'left',
    messages: sendErrors(sendOutput),
    unwatched,
  };
}

/** The namespace that sends the probe. */
function senderOf({ request: { from } }: PathTrace) {
  const place = from.kind === 'pod' || from.kind === 'node' ? from.place : undefined;
  const path = place && netnsPath(place.node, place.network.inode);
  return place && path !== undefined
    ? { node: place.node.name, netns: place.network.inode, path }
    : undefined;
}

function messagesOf(plan: ProbePlan): string[] {
  const isEcho = plan.kind === 'icmp' || plan.kind === 'mtu';
  return isEcho ? Array.from({ length: plan.count }, (_, at) => echoRequest(plan, at)) : [];
}

interface Watch {
  readonly node: string;
  readonly points: readonly WatchPoint[];
  readonly watcher: LeasedProcess;
  readonly ready: Promise<void>;
  readonly output: Promise<Section[]>;
}

async function startWatching(
  pool: FactsPool,
  points: readonly WatchPoint[],
  filter: string,
): Promise<Watch[]> {
  const byNode = [...Map.groupBy(points, ({ node }) => node)];
  const started = await Promise.allSettled(
    byNode.map(async ([node, nodePoints]): Promise<Watch> => {
      const token = randomBytes(16).toString('hex');
      const user = tcpdumpChangesUser(pool.image) ? 'root' : '-';
      const watcher = await pool.start(node, watchScript, [
        ...[countersScript, token, String(WATCH_SECONDS), user, String(SNAP_BYTES), filter],
        ...nodePoints.flatMap(({ path, netns, device }) => [path, String(netns), device]),
      ]);
      return { node, points: nodePoints, watcher, ...readWatch(watcher, node, token) };
    }),
  );
  const watches = started.flatMap((result) =>
    result.status === 'fulfilled' ? [result.value] : [],
  );
  const failed = started.find((result) => result.status === 'rejected');
  if (failed === undefined) return watches;
  for (const { watcher } of watches) watcher.close();
  throw failed.reason;
}

/** Reads the output of watch.sh. `ready` resolves when all watchers have started, `output` when all has been read. */
function readWatch(
  watcher: LeasedProcess,
  node: string,
  token: string,
): Pick<Watch, 'ready' | 'output'> {
  const readyMark = Buffer.from(`\n@${token} ready`);
  const problem = (why: string) =>
    new Problem(`the devices of ${node} could not be watched: ${why}`, {
      kind: 'command-failed',
      next: ['run the command again', 'the image needs sh, nsenter and tcpdump'],
    });
  watcher.stderr.resume();
  const ready = Promise.withResolvers<void>();
  const timer = setTimeout(
    () => ready.reject(problem(`they were not ready after ${READY_TIMEOUT_MS / 1000} s`)),
    READY_TIMEOUT_MS,
  );
  const output = (async () => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    let isReady = false;
    for await (const chunk of watcher.stdout as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > MAX_OUTPUT_BYTES) throw problem('there were too many packets');
      chunks.push(chunk);
      if (!isReady && Buffer.concat(chunks).includes(readyMark)) {
        isReady = true;
        ready.resolve();
      }
    }
    await watcher.exit;
    const sections = parseSections(Buffer.concat(chunks), token);
    if (sections.some(({ name }) => name === 'missing')) throw problem('the image has no tcpdump');
    if (sections.at(-1)?.name !== 'end') throw problem('the watchers ended early');
    return sections;
  })();
  output.catch((error: unknown) => ready.reject(error)).finally(() => clearTimeout(timer));
  ready.promise.catch(() => {});
  return { ready: ready.promise.finally(() => clearTimeout(timer)), output };
}

/** All addresses that the probe's packets can have on their path. */
function addressesOf({ paths }: PathTrace, { source, destination }: ProbePlan): string[] {
  const translated = paths.flatMap(({ nat }) =>
    nat.flatMap(({ from, to, others }) => [from, to, ...others]),
  );
  return [destination, source, ...translated.map(withoutPort)];
}

/** Removes the port from `10.0.0.1:80` or `[fd00::1]:80`. */
export function withoutPort(text: string): string {
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(text);
  if (bracketed?.[1] !== undefined) return bracketed[1];
  return /^[\d.]+:\d+$/.test(text) ? (text.split(':')[0] ?? text) : text;
}

/** The addresses of the nodes on the path. */
function underlayOf({ paths, topology }: PathTrace): string[] {
  const names = new Set(paths.flatMap(({ hops }) => hops.flatMap(({ node }) => node ?? [])));
  return (topology.facts.objects.nodes ?? [])
    .filter(({ name }) => names.has(name))
    .flatMap(({ addresses }) => addresses.filter(({ type }) => type.endsWith('IP')))
    .map(({ address }) => address);
}

function unwatchedReason(sections: readonly Section[], index: number): string {
  const messageSection = sections.find(
    ({ name, words }) => name === 'said' && words[0] === String(index),
  );
  const text = messageSection?.body.toString().trim() ?? '';
  return text === '' ? 'its network namespace no longer exists' : text.replace(/^tcpdump: /, '');
}

function counterGrowth(sections: readonly Section[], node: string): Growth[] {
  const countersOf = (sectionName: string) =>
    new Map(
      sections
        .filter(({ name }) => name === sectionName)
        .map(({ words, body }): [number, Counters] => [
          Number(words[0]),
          parseCounters(body.toString()),
        ]),
    );
  const before = countersOf('before');
  return [...countersOf('after')].flatMap(([netns, after]) =>
    growthOf(before.get(netns) ?? after, after, { node, netns }),
  );
}

/** The messages of failed sends. A refused or unanswered connection fails too, but shows in the packets. */
function sendErrors(sections: readonly Section[]): string[] {
  const failed = sections
    .filter(({ name, words }) => name === 'sent' && words[1] !== '0')
    .map(({ body }) => body.toString().trim().split('\n').at(-1) ?? '')
    // Remove socat's prefix: the time, its name and the severity.
    .map((text) => text.replace(/^[\d/]+ [\d:]+ socat\[\d+\] [A-Z] /, ''))
    .filter((text) => text !== '');
  return [...new Set(failed)];
}
