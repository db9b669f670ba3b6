import { portsIn } from '../../filters/capture/ports.ts';
import type { RecorderSpec } from '../spec.ts';
import { inKilobytes, inSeconds, type Milliseconds } from '../units.ts';
import type { RingPlan } from './ringPlan.ts';

/** The options of a recorder in the pod. An absent bound means no limit. */
export interface RecordOptions {
  readonly spec: RecorderSpec;
  readonly ring: RingPlan;
  /** Kernel buffer in KiB, in the node's memory, not the pod's. The recorder bounds it by the free memory. */
  readonly bufferKibibytes?: number | undefined;
  /** How long it keeps recording when its lease is not renewed; a detached recorder has none. */
  readonly linger?: Milliseconds | undefined;
  /** How long the spool stays after the end of the recording without a reader. */
  readonly keep: Milliseconds;
  /** kB (1000 bytes) that this spool and those beside it may take together. */
  readonly roomKilobytes?: number | undefined;
  /** When the recording ends, in seconds since 1970. */
  readonly until?: number | undefined;
  /**
   * In seconds since 1970. A recorder started later was started a second time by a kubelet, and records
   * nothing.
   */
  readonly notAfter?: number | undefined;
  /** tcpdump changes its user when started as root: tell it to stay root. */
  readonly changesUser: boolean;
}

/** Kernel buffer in KiB of a recorder with a client: bursts wait here for the disk. */
const BUFFER_KIB = 32_768;

/** The words that spool.sh takes after `record`, or after `start` of `follow`. */
export function recordArguments(spool: string, options: RecordOptions): string[] {
  const { spec, ring } = options;
  const { duration, maxBytes } = spec;
  const words: readonly [string, string | number | undefined][] = [
    ['spool', spool],
    ['device', spec.device],
    ['snaplen', spec.snapLength],
    ['count', spec.count],
    ['filekb', ring.fileKilobytes],
    ['age', ring.age],
    ['files', ring.files],
    ['buffer', options.bufferKibibytes ?? BUFFER_KIB],
    ['duration', duration && inSeconds(duration)],
    ['maxkb', maxBytes && inKilobytes(maxBytes)],
    ['linger', options.linger && inSeconds(options.linger)],
    ['keep', inSeconds(options.keep)],
    ['roomkb', options.roomKilobytes],
    ['until', options.until],
    ['notafter', options.notAfter],
    ['zroot', options.changesUser ? 1 : undefined],
    ['ports', portsIn(spec.expression).join(',') || undefined],
    ['expression', spec.expression],
  ];
  return words.flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]));
}
