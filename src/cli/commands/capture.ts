import { recordPod } from '../../capture/recordPod.ts';
import { namedNode } from '../../debugger/debuggerFor.ts';
import { explainRefusal } from '../../debugger/refusals.ts';
import { renderCaptureFilter } from '../../filters/capture/captureFilter.ts';
import type { KubeApi } from '../../kube/api.ts';
import type { Pod } from '../../kube/pod.ts';
import { refuseNodes } from '../../kube/targets/onePod.ts';
import { targetText } from '../../kube/targets/parseTargets.ts';
import { canMove, peerTerms, withPeerTerms } from '../../kube/targets/peers.ts';
import { leftOutText, resolveTargets } from '../../kube/targets/resolveTargets.ts';
import { FileOutput } from '../../output/fileOutput.ts';
import type { Output } from '../../output/output.ts';
import { wrongUsage } from '../../problem.ts';
import { captureOutput } from '../captureOutput.ts';
import { captureProgress } from '../captureProgress.ts';
import { command, type Invocation } from '../command.ts';
import { connect } from '../connect.ts';
import { note } from '../console.ts';
import { destinationOf, namesFolder } from '../destination.ts';
import { DEBUGGER_GROUP, type DebuggerValues } from '../flags/debugger.ts';
import type { FlagTable, FlagValues } from '../flags/flag.ts';
import { PEER } from '../flags/peer.ts';
import { filterNotes, ownFilterOf, PRESET_FLAG } from '../flags/preset.ts';
import { asksForRing, RING_FLAGS, ringNote, ringWishes } from '../flags/ring.ts';
import {
  TARGET_GROUP_WITH_L,
  TARGETS,
  TARGETS_HELP,
  type TargetValues,
  targetsOf,
} from '../flags/targets.ts';
import { count, DURATION, FILE, SIZE, text } from '../flags/valueTypes.ts';
import { FORCED_EXIT, type Interruption, onInterruption } from '../interruption.ts';
import { debuggerSettings } from '../settings.ts';
import { usageError } from '../usageErrors.ts';

const FLAGS = {
  interface: {
    alias: 'i',
    value: text('NAME', 'interfaces'),
    help: "Interface in the pod, or any (default tcpdump's choice, eth0)",
  },
  write: {
    alias: 'w',
    value: FILE,
    help: 'Write packets to FILE (.pcap or .pcapng), to standard output (-), or to one file per pod (FOLDER/)',
  },
  wireshark: { help: 'Show packets in Wireshark while they are captured' },
  peer: {
    value: PEER,
    repeatable: true,
    help: 'Capture only traffic with this pod, service, node, workload, address or CIDR: pod/x, svc/x, 10.1.0.0/16. Can be repeated',
  },
  preset: PRESET_FLAG,
  'follow-pods': {
    help: 'Also capture pods created while the capture runs (of a workload, service or selector)',
  },
  'with-clients': { help: 'Also capture pods that connect to the captured ones' },
  count: { alias: 'c', value: count(), help: 'Stop after this many packets' },
  'snapshot-length': {
    alias: 's',
    value: count(0),
    help: 'Keep this many bytes of each packet; 128 is enough for headers (default all)',
  },
  duration: { value: DURATION, help: 'Stop after this time: 90s, 60m, 1h30m' },
  'max-size': {
    value: SIZE,
    help: 'Stop before the output exceeds this size: 100MB, 64MiB, 1G; a bare number is MB',
  },
  ...RING_FLAGS,
  detach: { help: 'Keep recording in the cluster after this command exits; see: captures --help' },
  name: { value: text('NAME'), help: 'With --detach: name of the capture' },
  volume: {
    value: text('NAME', 'volumes'),
    help: 'With --detach: record on this volume of the pod',
  },
  keep: {
    value: DURATION,
    help: 'With --detach: how long to keep the files after the capture ends (default 7d)',
  },
  force: { help: 'Overwrite FILE if it exists' },
  stream: { help: 'Stream packets directly, without storing them in the pod first' },
  linger: {
    value: DURATION,
    default: '60s',
    help: 'How long the pod keeps recording after the connection drops',
  },
} as const satisfies FlagTable;

type Flags = FlagValues<typeof FLAGS> & TargetValues & DebuggerValues;

export const captureCommand = command({
  description: `Capture packets of pods and nodes: print them, write them to a file, or show them in Wireshark.\n\n${TARGETS_HELP} EXPRESSION is a filter as in pcap-filter(7).`,
  examples: [
    ['capture pod-1', 'Print packets as they arrive'],
    ['capture pod-1 -w web.pcap -- port 80', 'Write HTTP packets to a file'],
    ['capture pod-1 pod-2 -w web.pcapng', 'Write the packets of two pods to one file, in order'],
    ['capture pod-1 --peer svc/db', 'Print traffic with a service'],
    [
      'capture svc/web --with-clients -w web.pcapng',
      'Capture both ends of the connections to a service',
    ],
    ['capture pod-1 --wireshark', 'Show packets in Wireshark'],
    ['capture pod-1 -c 20 -i any', 'Print 20 packets of any interface, including lo'],
    ['capture pod-1 -w - | tshark -r -', 'Pipe packets to another program'],
    ['capture pod-1 -C 100 -W 10 -w web', 'Keep the last GB until Ctrl-C, in the folder web'],
    ['capture pod-1 --detach --name rare -G 60m', 'Record for a week after this command exits'],
    ['capture deploy/web --detach --name all', 'Record in each pod of a deployment'],
  ],
  arguments: [TARGETS],
  rest: 'EXPRESSION',
  flags: [{ title: 'Options', flags: FLAGS }, TARGET_GROUP_WITH_L, DEBUGGER_GROUP],
  run,
});

async function run({ flags, args, rest }: Invocation<Flags>): Promise<number> {
  const checked = planOf(flags, args, rest);
  const notice = ringNote(flags);
  if (notice !== undefined) note(notice);
  const interruption = onInterruption();
  const api = await connect(flags);
  try {
    const plan = await withPeers(api, checked, interruption.signal);
    if ((flags.detach || asksForRing(flags)) && plan.peers.some(canMove)) note(FIXED_PEERS);
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
  'note: --peer matches the current addresses only; text, folders and .pcapng also follow new ones';

/** Adds the current addresses of the peers to the filter. */
async function withPeers(api: KubeApi, plan: Plan, signal: AbortSignal) {
  const terms = await peerTerms(api, plan.peers, signal).catch((error: unknown) => {
    throw explainRefusal(error, api.access.namespace);
  });
  const filter = withPeerTerms(terms, plan.ownFilter);
  for (const line of filterNotes(plan.presets, filter)) note(line);
  const expression = renderCaptureFilter(filter);
  return { ...plan, ...(expression !== undefined && { expression }), peerTerms: terms };
}

type FullPlan = Awaited<ReturnType<typeof withPeers>>;

/** Captures in the foreground. */
async function watched(
  api: KubeApi,
  flags: Flags,
  plan: FullPlan,
  interruption: Interruption,
): Promise<number> {
  const isFolder = await namesFolder(flags.write);
  const node = namedNode(plan.targets);
  if (isFolder && node !== undefined)
    throw wrongUsage(`-w ${flags.write}: a node needs a file, not a folder`);
  const progress = captureProgress(plan.format);
  let output: Output | undefined;
  try {
    const opened = isFolder ? undefined : await captureOutput(flags);
    output = opened;
    const pods =
      node === undefined ? await podsOf(api, plan, interruption.signal, progress.note) : [];
    const [pod] = pods;
    const only = node === undefined ? pod && { pod } : { node };
    const waits = flags['follow-pods'];
    const isSeveral = pods.length > 1 || waits || plan.withClients;
    const destination = isFolder ? 'a folder' : destinationOf(flags, isSeveral);
    const takesMore = node === undefined && destination !== 'one pcap';
    const joins = isSeveral || (plan.peers.some(canMove) && takesMore);
    if (!joins && plan.peers.some(canMove)) progress.note(FIXED_PEERS);
    if (!only || !opened || joins || (destination === 'one pcapng' && pod)) {
      const { captureSeveralPods } = await import('../severalPods.ts');
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
    // A capture that never began has closed nothing, and an open Wireshark would keep this process alive.
    await output?.close();
    progress.clear();
  }
}

/** Resolves the targets to pods, with a notice about skipped ones. */
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

/** Records a ring of files in each pod, and copies it at the end. */
async function ring(
  api: KubeApi,
  flags: Flags,
  plan: FullPlan,
  interruption: Interruption,
): Promise<number> {
  const { captureRing } = await import('../captureRing.ts');
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
      force: flags.force,
    },
    interruption,
  );
}

/** Starts a recording that continues after this command. */
async function detached(
  api: KubeApi,
  flags: Flags,
  { duration, settings, ...plan }: FullPlan,
  { signal, abandon }: Interruption,
): Promise<number> {
  // A listener, so that pods on nodes are deleted after a second Ctrl-C too.
  abandon.addEventListener('abort', () => {});
  const { detach, DETACHED_DURATION_S, DETACHED_KEEP_S } = await import('../detach.ts');
  const { name, volume, keep } = flags;
  return detach(api, {
    ...plan,
    ...settings,
    ring: ringWishes(flags),
    duration: duration === undefined ? DETACHED_DURATION_S : Math.ceil(duration / 1000),
    keep: keep === undefined ? DETACHED_KEEP_S : Math.ceil(keep),
    ...(name !== undefined && { name }),
    ...(volume !== undefined && { volume }),
    signal,
  });
}

/** Throws a usage error for flags of rings and detached captures that cannot be combined. */
function checkRingFlags(flags: Flags): void {
  const { write, wireshark, stream, detach } = flags;
  if (detach && (write !== undefined || wireshark || stream))
    throw wrongUsage(
      '--detach cannot be combined with -w, --wireshark or --stream',
      'copy the files later with: captures fetch NAME -w FOLDER',
    );
  const lone = (['name', 'volume', 'keep'] as const).find((flag) => flags[flag] !== undefined);
  if (!detach && lone) throw wrongUsage(`--${lone} requires --detach`);
  const joining = (['follow-pods', 'with-clients'] as const).find((flag) => flags[flag]);
  if (joining && (detach || asksForRing(flags)))
    throw wrongUsage(`--${joining} cannot be combined with -C, -G, -W or --detach`);
  if (flags['with-clients'] && write === undefined && !wireshark)
    throw wrongUsage(
      '--with-clients requires -w or --wireshark',
      'for example: capture svc/web --with-clients -w web.pcapng',
    );
  if (detach || !asksForRing(flags)) return;
  if (wireshark || stream)
    throw wrongUsage('-C, -G and -W cannot be combined with --wireshark or --stream');
  if (write === undefined || write === '-')
    throw wrongUsage(
      '-C, -G and -W write several files and require a folder',
      'for example: capture pod-1 -C 100 -W 10 -w FOLDER',
    );
}

/** Reads the command line into a plan. Throws a usage error for what cannot be combined. */
function planOf(flags: Flags, words: readonly string[], rest: readonly string[] = []) {
  if (flags.write !== undefined && flags.wireshark)
    throw wrongUsage('-w and --wireshark cannot be combined');
  checkRingFlags(flags);
  const { interface: device } = flags;
  const { count, duration, 'snapshot-length': snapLength, 'max-size': maxBytes } = flags;
  refuseExpressionWords(words);
  const meant = targetsOf(words, flags);
  const ofPods = (['follow-pods', 'with-clients'] as const).find((flag) => flags[flag]);
  if (ofPods && namedNode(meant.targets) !== undefined)
    throw wrongUsage(`--${ofPods} cannot be used with a node`);
  return {
    ...meant,
    settings: debuggerSettings(flags),
    withClients: flags['with-clients'],
    peers: flags.peer,
    format: flags.write === undefined && !flags.wireshark ? ('text' as const) : ('pcap' as const),
    stream: flags.stream,
    linger: flags.linger * 1000,
    ...(device !== undefined && { interface: device }),
    ...ownFilterOf(flags.preset.flat(), rest),
    ...(count !== undefined && { count }),
    ...(snapLength !== undefined && { snapLength }),
    ...(duration !== undefined && { duration: duration * 1000 }),
    ...(maxBytes !== undefined && { maxBytes }),
  };
}

/** Words that filter expressions begin or continue with; pods of these names can be written as pod/NAME. */
const EXPRESSION_WORDS =
  /^(host|net|port|portrange|src|dst|ether|ip6?|arp|tcp|udp|icmp6?|sctp|vlan|and|or|not|\d+)$/;

/** Throws a usage error for a filter expression among the targets. */
function refuseExpressionWords(words: readonly string[]): void {
  const begin = words.findIndex((word, index) => index > 0 && EXPRESSION_WORDS.test(word));
  if (begin > 0)
    throw usageError(`unexpected argument: ${words.slice(begin).join(' ')}`, 'capture', [
      'put a filter expression after --, for example: capture pod-1 -- port 80',
    ]);
}
