import { OutputClosed } from '../output/output.ts';
import { countText, sum } from '../output/quantities.ts';
import { Problem, wrongUsage } from '../problem.ts';
import { hopText } from '../topology/probe/probeFindings.ts';
import { type RecordedPoint, recordPath } from '../topology/probe/recordPath.ts';
import { createCaptureOutput } from './captureOutput.ts';
import { note, notify } from './console.ts';
import type { CaptureValues } from './flags/capture.ts';
import type { ConnectionValues } from './flags/connection.ts';
import { hasRingFlags } from './flags/ring.ts';
import { readPath } from './readPath.ts';

/**
 * Enough for a packet of the usual MTU inside a tunnel. With a larger value, the kernel's buffer would hold few
 * packets.
 */
const DEFAULT_SNAPSHOT_BYTES = 2_048;

/** Captures the traffic between two ends at every device of the path between them. Returns the exit code. */
export async function capturePath(
  flags: CaptureValues & ConnectionValues,
  args: readonly string[],
  expression: readonly string[] | undefined,
): Promise<number> {
  const [from, to] = parseEnds(flags, args, expression);
  const output = await createCaptureOutput(flags);
  let points: readonly RecordedPoint[] = [];
  try {
    await readPath(
      { ...flags, from: undefined, output: undefined, 'keep-node': undefined },
      { from, to, protocol: 'tcp' },
      (_topology, from, to) => ({ from, protocol: 'tcp', ...(to && { to }) }),
      {
        captures: true,
        run: async (trace, pool, { signal, abandon }) => {
          points = await recordPath(pool, trace, output, {
            snapLength: flags['snapshot-length'] ?? DEFAULT_SNAPSHOT_BYTES,
            ...(flags.count !== undefined && { maxPackets: flags.count }),
            ...(flags['max-size'] !== undefined && { maxBytes: flags['max-size'] }),
            ...(flags.duration !== undefined && { duration: flags.duration * 1000 }),
            stop: signal,
            abandon,
            onReady: (all) =>
              notify({
                kind: 'capturing',
                text: `capturing at ${all.length} devices; press Ctrl-C to stop`,
              }),
          });
        },
      },
    );
  } catch (error) {
    if (!(error instanceof OutputClosed)) throw error;
  } finally {
    await output.close();
  }
  return reportPoints(points, flags.write);
}

/** Options that --path cannot be combined with. */
const CONFLICTING_FLAGS = [
  ...([
    'interface',
    'peer',
    'preset',
    'follow-pods',
    'with-clients',
    'detach',
    'stream',
    'summary',
  ] as const),
  ...(['name', 'volume', 'keep', 'selector'] as const),
];

function parseEnds(
  flags: CaptureValues,
  args: readonly string[],
  expression: readonly string[] | undefined,
): readonly [string, string] {
  const [from, to, ...more] = args;
  if (from === undefined || to === undefined || more.length > 0)
    throw wrongUsage(
      '--path requires two ends',
      'as in: capture --path pod-1 pod-2 -w path.pcapng',
    );
  const other = CONFLICTING_FLAGS.find((name) => {
    const value = (flags as Readonly<Record<string, unknown>>)[name];
    return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false;
  });
  if (other !== undefined) throw wrongUsage(`--path and --${other} cannot be combined`);
  if (hasRingFlags(flags)) throw wrongUsage('--path cannot be combined with -C, -G or -W');
  if (expression !== undefined)
    throw wrongUsage(
      '--path cannot be combined with an expression: it captures all traffic between the two ends',
    );
  if (flags.write === undefined && !flags.wireshark)
    throw wrongUsage('--path requires -w or --wireshark');
  if (flags.write !== undefined && /\.(pcap|cap)$/i.test(flags.write))
    throw wrongUsage(
      `-w ${flags.write}: only a pcapng file can hold an interface for each device`,
      `use the name ${flags.write.replace(/\.\w+$/, '.pcapng')}`,
    );
  return [from, to];
}

function reportPoints(points: readonly RecordedPoint[], file: string | undefined): number {
  let isComplete = true;
  for (const { point, pod, packets, dropped, problem } of points) {
    const droppedText = dropped === 0 ? '' : `, ${dropped} dropped by the kernel`;
    const problemText = problem === undefined ? '' : `: ${problem}`;
    note(
      `${hopText({ ...point, ...(pod !== undefined && { pod }) })}: ${countText(packets, 'packet')}${droppedText}${problemText}`,
    );
    if (dropped > 0 || problem !== undefined) isComplete = false;
  }
  if (points.length === 0) throw new Problem('nothing was captured', { kind: 'recorder' });
  const total = countText(sum(points.map(({ packets }) => packets)), 'packet');
  const dropped = sum(points.map((point) => point.dropped));
  note(
    `${total} captured at ${countText(points.length, 'device')}${file === undefined ? '' : ` in ${file}`}, ${dropped === 0 ? 'none' : dropped} dropped`,
  );
  return isComplete ? 0 : 1;
}
