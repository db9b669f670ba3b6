import type { Argv, InferredOptionTypes } from 'yargs';
import { recordPod } from '../capture/recordPod.ts';
import { namedNode } from '../debugger/debuggerFor.ts';
import { explainRefusal } from '../debugger/refusals.ts';
import { renderCaptureFilter } from '../filters/capture/captureFilter.ts';
import type { KubeApi } from '../kube/api.ts';
import type { Pod } from '../kube/pod.ts';
import { refuseNodes } from '../kube/targets/onePod.ts';
import { targetText } from '../kube/targets/parseTargets.ts';
import { canMove, parsePeer, peerTerms, withPeerTerms } from '../kube/targets/peers.ts';
import { leftOutText, resolveTargets } from '../kube/targets/resolveTargets.ts';
import { FileOutput } from '../output/fileOutput.ts';
import type { Output } from '../output/output.ts';
import { terminalSafe } from '../output/terminalSafe.ts';
import { wrongUsage } from '../problem.ts';
import { captureOutput } from './captureOutput.ts';
import { captureProgress } from './captureProgress.ts';
import type { Command } from './commandLine.ts';
import { type ConnectionArguments, connect, connectionOptions } from './connectionFlags.ts';
import { type DebuggerArguments, debuggerOptions, settingsOf } from './debuggerFlags.ts';
import { destinationOf, namesFolder } from './destination.ts';
import { examples } from './examples.ts';
import { FILTER_OPTIONS, filterNotes, ownFilterOf } from './filterFlags.ts';
import { FORCED_EXIT, type Interruption, onInterruption } from './interruption.ts';
import { splitRepeated } from './repeatedFlags.ts';
import { asksForRing, RING_OPTIONS, ringNote, ringWishes } from './ringFlags.ts';
import {
  refuseExpressionWords,
  type TargetArguments,
  targetOptions,
  targetsOf,
} from './targetFlags.ts';
import { parseCount, parseDuration, parseSize } from './values.ts';

const OPTIONS = {
  interface: {
    alias: 'i',
    type: 'string',
    requiresArg: true,
    describe: "Interface in the pod, or any  [tcpdump's choice: eth0]",
  },
  write: {
    alias: 'w',
    type: 'string',
    requiresArg: true,
    describe:
      'Write packets to FILE (.pcap, .pcapng), - for standard output, FOLDER/ for a file per pod',
  },
  wireshark: { type: 'boolean', describe: 'Show the packets in Wireshark as they come' },
  peer: {
    type: 'string',
    requiresArg: true,
    describe:
      'Only packets from or to pod/, svc/, node/ or deploy/NAME, address or CIDR; may be repeated',
  },
  ...FILTER_OPTIONS,
  'follow-pods': {
    type: 'boolean',
    describe: 'Capture pods of a workload, service or selector that come to be meanwhile, too',
  },
  'with-clients': {
    type: 'boolean',
    describe: 'Capture pods that call those captured, too, from their first packet seen on',
  },
  count: {
    alias: 'c',
    type: 'string',
    requiresArg: true,
    describe: 'Stop after this many packets',
  },
  'snapshot-length': {
    alias: 's',
    type: 'string',
    requiresArg: true,
    describe: 'Keep this many bytes of each packet; 128 is enough for headers  [all]',
  },
  duration: {
    type: 'string',
    requiresArg: true,
    describe: 'Stop after this time: 90s, 60m, 1h30m',
  },
  'max-size': {
    type: 'string',
    requiresArg: true,
    describe: 'Stop before the output is larger: 100MB, 64MiB, 1G; a bare number is MB',
  },
  ...RING_OPTIONS,
  detach: { type: 'boolean', describe: 'Go on without this command; see: captures --help' },
  name: { type: 'string', requiresArg: true, describe: 'With --detach: the name of the capture' },
  volume: {
    type: 'string',
    requiresArg: true,
    describe: 'With --detach: record on this volume of the pod',
  },
  keep: {
    type: 'string',
    requiresArg: true,
    describe: 'With --detach: time that it is kept after its end  [7d]',
  },
  force: { type: 'boolean', describe: 'Overwrite FILE if it exists' },
  stream: {
    type: 'boolean',
    describe: 'Stream packets directly instead of through a spool in the pod',
  },
  linger: {
    type: 'string',
    requiresArg: true,
    describe: 'Time that the pod goes on recording when it is out of reach  [60s]',
  },
} as const;

type Flags = InferredOptionTypes<typeof OPTIONS> &
  ConnectionArguments &
  DebuggerArguments &
  TargetArguments & { '--'?: (string | number)[] };

function options(parser: Argv): Argv<Flags> {
  const base = parser
    .usage('Usage: $0 capture TARGET... [flags] [-- EXPRESSION]\n\nEXPRESSION is a pcap-filter(7).')
    .options(OPTIONS)
    .group(Object.keys(OPTIONS), 'Flags:')
    .epilogue(
      examples([
        ['capture pod-1', 'read packets as they come'],
        ['capture pod-1 -w web.pcap -- port 80', 'keep the HTTP packets in a file'],
        ['capture pod-1 pod-2 -w web.pcapng', 'both in one file, in the order of time'],
        ['capture pod-1 --peer svc/db', 'what it and a service say to each other'],
        ['capture pod-1 --preset dns,tls-hello', 'its DNS and the hellos of TLS; see: presets'],
        ['capture svc/web --with-clients -w web.pcapng', 'both ends of its conversations'],
        ['capture pod-1 --wireshark', 'watch in Wireshark'],
        ['capture pod-1 -c 20 -i any', '20 packets of any interface, lo too'],
        ['capture pod-1 -w - | tshark -r -', 'into another program'],
        ['capture pod-1 -C 100 -W 10 -w web', 'the last GB until Ctrl-C, in folder web'],
        ['capture pod-1 --detach --name rare -G 60m', 'for a week, with nobody watching'],
        ['capture deploy/web --detach --name all', 'in each pod of a deployment'],
      ]),
    );
  return debuggerOptions(
    connectionOptions(targetOptions(base, { short: true })),
  ) as unknown as Argv<Flags>;
}

async function run(flags: Flags): Promise<number> {
  const checked = planOf(flags);
  const note = ringNote(flags);
  if (note !== undefined) process.stderr.write(`${note}\n`);
  const interruption = onInterruption();
  const api = await connect(flags);
  try {
    const plan = await withPeers(api, checked, interruption.signal);
    if ((flags.detach || asksForRing(flags)) && plan.peers.some(canMove))
      process.stderr.write(`${FIXED_PEERS}\n`);
    if (flags.detach) return await detached(api, flags, plan, interruption);
    if (asksForRing(flags)) return await ring(api, flags, plan, interruption);
    return await watched(api, flags, plan, interruption);
  } finally {
    interruption.release();
    api.close();
  }
}

type Plan = ReturnType<typeof planOf>;

const FIXED_PEERS =
  'note: --peer stands for the addresses of now; text, folders and .pcapng take new ones in';

/** The plan with what the peers stand for now in its expression. */
async function withPeers(api: KubeApi, plan: Plan, signal: AbortSignal) {
  const terms = await peerTerms(api, plan.peers, signal).catch((error: unknown) => {
    throw explainRefusal(error, api.access.namespace);
  });
  const filter = withPeerTerms(terms, plan.ownFilter);
  for (const line of filterNotes(plan.presets, filter)) process.stderr.write(`${line}\n`);
  const expression = renderCaptureFilter(filter);
  return { ...plan, ...(expression !== undefined && { expression }), peerTerms: terms };
}

type FullPlan = Awaited<ReturnType<typeof withPeers>>;

/** Packets come to us as they are recorded. */
async function watched(
  api: KubeApi,
  flags: Flags,
  plan: FullPlan,
  interruption: Interruption,
): Promise<number> {
  const isFolder = await namesFolder(flags.write);
  const node = namedNode(plan.targets);
  if (isFolder && node !== undefined)
    throw wrongUsage(`-w ${flags.write}: a folder is for pods, and a node has one file`);
  const progress = captureProgress(plan.format);
  let output: Output | undefined;
  try {
    const opened = isFolder ? undefined : await captureOutput(flags);
    output = opened;
    const pods =
      node === undefined ? await podsOf(api, plan, interruption.signal, progress.note) : [];
    const [pod] = pods;
    const only = node === undefined ? pod && { pod } : { node };
    const waits = flags['follow-pods'] === true;
    const isSeveral = pods.length > 1 || waits || plan.withClients;
    const destination = isFolder ? 'a folder' : destinationOf(flags, isSeveral);
    const takesMore = node === undefined && destination !== 'one pcap';
    const joins = isSeveral || (plan.peers.some(canMove) && takesMore);
    if (!joins && plan.peers.some(canMove)) progress.note(FIXED_PEERS);
    if (!only || !opened || joins || (destination === 'one pcapng' && pod)) {
      const { captureSeveralPods } = await import('./severalPods.ts');
      const request = { ...plan, pods, destination, output: opened, waits };
      return await captureSeveralPods(api, request, flags, interruption);
    }
    const outcome = await recordPod(api, only, {
      ...plan,
      output: plan.format === 'text' ? progress.around(opened) : opened,
      interrupt: interruption.signal,
      abandon: interruption.abandon,
      progress,
    });
    progress.finish(outcome, output instanceof FileOutput ? output.path : undefined);
    return outcome.end === 'abandoned' ? FORCED_EXIT : 0;
  } finally {
    // A capture that never began closes nothing, and an open Wireshark would keep us here.
    await output?.close();
    progress.clear();
  }
}

/** The pods that are meant; says which were left out. */
async function podsOf(
  api: KubeApi,
  { targets, maxPods }: FullPlan,
  signal: AbortSignal,
  onNote: (text: string) => void,
): Promise<readonly Pod[]> {
  try {
    const found = await resolveTargets(api, targets, { maxPods, signal });
    refuseNodes(found.nodes);
    const leftOut = leftOutText(found);
    if (leftOut !== undefined) onNote(leftOut);
    return found.pods;
  } catch (error) {
    throw explainRefusal(error, api.access.namespace);
  }
}

/** A ring of files is recorded in each pod, and copied here at the end. */
async function ring(
  api: KubeApi,
  flags: Flags,
  plan: FullPlan,
  interruption: Interruption,
): Promise<number> {
  const { captureRing } = await import('./captureRing.ts');
  const note = (text: string) => process.stderr.write(`${terminalSafe(text)}\n`);
  const node = namedNode(plan.targets);
  const found =
    node === undefined
      ? (await podsOf(api, plan, interruption.signal, note)).map((pod) => ({ pod }))
      : [{ node }];
  return captureRing(
    api,
    found,
    {
      ...plan,
      target: plan.targets.map(targetText).join(', '),
      ring: ringWishes(flags),
      folder: flags.write ?? '',
      force: flags.force === true,
    },
    interruption,
  );
}

/** A ring of files is recorded in the pod, and we do not wait for it. */
async function detached(
  api: KubeApi,
  flags: Flags,
  { duration, settings, ...plan }: FullPlan,
  { signal, abandon }: Interruption,
): Promise<number> {
  // At the second Ctrl-C, too, what was made on a node gets the time to be deleted.
  abandon.addEventListener('abort', () => {});
  const { detach, DETACHED_DURATION_S, DETACHED_KEEP_S } = await import('./detach.ts');
  const { name, volume, keep } = flags;
  return detach(api, {
    ...plan,
    ...settings,
    ring: ringWishes(flags),
    duration: duration === undefined ? DETACHED_DURATION_S : Math.ceil(duration / 1000),
    keep: keep === undefined ? DETACHED_KEEP_S : Math.ceil(parseDuration('--keep', keep)),
    ...(name !== undefined && { name }),
    ...(volume !== undefined && { volume }),
    signal,
  });
}

/** A ring is read when it is over; a detached one by other commands. */
function checkRingFlags(flags: Flags): void {
  const { write, wireshark, stream, detach } = flags;
  if (detach && (write !== undefined || wireshark || stream))
    throw wrongUsage(
      '--detach records in the pod: -w, --wireshark and --stream are for those who wait',
      'get its files later with: captures fetch NAME -w FOLDER',
    );
  const lone = (['name', 'volume', 'keep'] as const).find((flag) => flags[flag] !== undefined);
  if (!detach && lone) throw wrongUsage(`--${lone} goes with --detach`);
  if (flags['follow-pods'] && (detach || asksForRing(flags)))
    throw wrongUsage(
      '--follow-pods is for captures that are watched: not with -C, -G, -W, --detach',
    );
  if (flags['with-clients'] && (detach || asksForRing(flags)))
    throw wrongUsage(
      '--with-clients is for captures that are watched: not with -C, -G, -W, --detach',
    );
  if (flags['with-clients'] && write === undefined && !wireshark)
    throw wrongUsage(
      '--with-clients looks at the packets, which text is none of',
      'as in: capture svc/web --with-clients -w web.pcapng',
    );
  if (detach || !asksForRing(flags)) return;
  if (wireshark || stream)
    throw wrongUsage('-C, -G and -W record files in the pod, which are copied here at the end');
  if (write === undefined || write === '-')
    throw wrongUsage(
      '-C, -G and -W make several files: name a folder for them',
      'as in: capture pod-1 -C 100 -W 10 -w FOLDER',
    );
}

/** What the flags ask for, checked. */
function planOf(flags: Flags) {
  if (flags.write !== undefined && flags.wireshark)
    throw wrongUsage('-w and --wireshark exclude each other');
  checkRingFlags(flags);
  const { interface: device } = flags;
  const snapLength = flags['snapshot-length'];
  const maxSize = flags['max-size'];
  const { count, duration, linger = '60s' } = flags;
  refuseExpressionWords(flags.targets ?? []);
  const meant = targetsOf(flags);
  const ofPods = (['follow-pods', 'with-clients'] as const).find((flag) => flags[flag]);
  if (ofPods && namedNode(meant.targets) !== undefined)
    throw wrongUsage(`--${ofPods} is for pods: a node is captured as it is`);
  return {
    ...meant,
    settings: settingsOf(flags),
    withClients: flags['with-clients'] === true,
    peers: flags.peer === undefined ? [] : splitRepeated(flags.peer).map(parsePeer),
    format: flags.write === undefined && !flags.wireshark ? ('text' as const) : ('pcap' as const),
    stream: flags.stream === true,
    linger: parseDuration('--linger', linger) * 1000,
    ...(device !== undefined && { interface: device }),
    ...ownFilterOf(flags),
    ...(count !== undefined && { count: parseCount('-c', count) }),
    ...(snapLength !== undefined && { snapLength: parseCount('-s', snapLength, 0) }),
    ...(duration !== undefined && { duration: parseDuration('--duration', duration) * 1000 }),
    ...(maxSize !== undefined && { maxBytes: parseSize('--max-size', maxSize) }),
  };
}

export const captureCommand: Command<Flags> = { options, run };
