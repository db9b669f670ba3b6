import type { CaptureSpec } from '../capture/spec.ts';
import { bytes, seconds } from '../capture/units.ts';
import type { CaptureFilter } from '../filters/capture/captureFilter.ts';
import { peerInNamespace } from '../kube/targets/peers.ts';
import { wrongUsage } from '../problem.ts';
import { CAPTURE_FLAGS, type CaptureValues } from './flags/capture.ts';
import { parseOwnFilter } from './flags/preset.ts';
import { hasRingFlags } from './flags/ring.ts';
import { parseTargetArgs, targetsInNamespace } from './flags/targets.ts';
import { DURATION } from './flags/valueTypes.ts';
import { debuggerSettings } from './settings.ts';
import { usageError } from './usageErrors.ts';

/** Reads the command line into a plan. Throws a usage error for options that cannot be combined. */
export function parseCapturePlan(
  flags: CaptureValues,
  args: readonly string[],
  expression: readonly string[] = [],
) {
  if (flags.write !== undefined && flags.wireshark)
    throw wrongUsage('-w and --wireshark cannot be combined');
  if (flags.stream && flags.linger !== DURATION.parse(CAPTURE_FLAGS.linger.default))
    throw wrongUsage(
      '--stream and --linger cannot be combined',
      'without a copy of the packets in the pod, a dropped connection cannot be resumed',
    );
  checkRingFlags(flags);
  checkSummaryFlags(flags);
  rejectExpressionInTargets(args);
  const targets = parseTargetArgs(args, flags);
  const podFlag = (['follow-pods', 'with-clients'] as const).find((flag) => flags[flag]);
  if (podFlag && targets.targets.every(({ kind }) => kind === 'node'))
    throw wrongUsage(`--${podFlag} cannot be used with a node`);
  const { presets, filter } = parseOwnFilter(flags.preset.flat(), expression);
  return {
    ...targets,
    settings: debuggerSettings(flags),
    followPods: flags['follow-pods'],
    withClients: flags['with-clients'],
    peers: flags.peer,
    format: needsPackets(flags) ? ('pcap' as const) : ('text' as const),
    stream: flags.stream,
    linger: seconds(flags.linger),
    presets,
    spec: createSpec(flags, filter),
  };
}

export type ParsedPlan = ReturnType<typeof parseCapturePlan>;

/** Adds namespaces to the targets and peers of a plan: the current one unless another is written. */
export function planInNamespace(plan: ParsedPlan, namespace: string) {
  return {
    ...targetsInNamespace(plan, namespace),
    peers: plan.peers.map((peer) => peerInNamespace(peer, namespace)),
    /** The current namespace. */
    namespace,
  };
}

export type CapturePlan = ReturnType<typeof planInNamespace>;

/** The capture that the flags request. `filter` combines presets and expression, without the peers. */
function createSpec(flags: CaptureValues, filter: CaptureFilter): CaptureSpec {
  const { duration, 'snapshot-length': snapLength, 'max-size': maxBytes } = flags;
  return {
    device: flags.interface,
    count: flags.count,
    filter,
    snapLength: snapLength === undefined ? undefined : bytes(snapLength),
    duration: duration === undefined ? undefined : seconds(duration),
    maxBytes: maxBytes === undefined ? undefined : bytes(maxBytes),
  };
}

/** Whether packets are written, shown or summarized instead of printed. */
function needsPackets({ write, wireshark, summary }: CaptureValues): boolean {
  return write !== undefined || wireshark || summary;
}

/** Throws a usage error if the packets do not pass through this command, or if the summary cannot be printed. */
function checkSummaryFlags(flags: CaptureValues): void {
  const { summary, wireshark, write, detach } = flags;
  if (!summary) return;
  if (detach || hasRingFlags(flags))
    throw wrongUsage(
      '--summary cannot be combined with -C, -G, -W or --detach',
      'summarize the files later with: summary FOLDER',
    );
  if (wireshark) throw wrongUsage('--summary and --wireshark cannot be combined');
  if (write === '-') throw wrongUsage('--summary cannot be combined with -w -');
}

/** Throws a usage error for flags of rings and detached captures that cannot be combined. */
function checkRingFlags(flags: CaptureValues): void {
  const { write, wireshark, stream, detach } = flags;
  if (detach && (write !== undefined || wireshark || stream))
    throw wrongUsage(
      '--detach cannot be combined with -w, --wireshark or --stream',
      'copy the files later with: captures fetch NAME -w FOLDER',
    );
  const detachFlag = (['name', 'volume', 'keep'] as const).find(
    (flag) => flags[flag] !== undefined,
  );
  if (!detach && detachFlag) throw wrongUsage(`--${detachFlag} requires --detach`);
  const joinFlag = (['follow-pods', 'with-clients'] as const).find((flag) => flags[flag]);
  if (joinFlag && (detach || hasRingFlags(flags)))
    throw wrongUsage(`--${joinFlag} cannot be combined with -C, -G, -W or --detach`);
  if (flags['with-clients'] && !needsPackets(flags))
    throw wrongUsage(
      '--with-clients requires -w, --wireshark or --summary',
      'for example: capture svc/web --with-clients -w web.pcapng',
    );
  if (detach || !hasRingFlags(flags)) return;
  if (wireshark || stream)
    throw wrongUsage('-C, -G and -W cannot be combined with --wireshark or --stream');
  if (write === undefined || write === '-')
    throw wrongUsage(
      '-C, -G and -W write several files and require a folder',
      'for example: capture pod-1 -C 100 -W 10 -w FOLDER',
    );
}

/** Words that start or continue a filter expression. Pods with these names can be written as pod/NAME. */
const FILTER_KEYWORDS =
  /^(host|net|port|portrange|src|dst|ether|ip6?|arp|tcp|udp|icmp6?|sctp|vlan|and|or|not|\d+)$/;

/** Throws a usage error for a filter expression among the targets. */
function rejectExpressionInTargets(args: readonly string[]): void {
  const start = args.findIndex((word, index) => index > 0 && FILTER_KEYWORDS.test(word));
  if (start > 0)
    throw usageError(`unexpected argument: ${args.slice(start).join(' ')}`, 'capture', [
      'put a filter expression after --, for example: capture pod-1 -- port 80',
    ]);
}
