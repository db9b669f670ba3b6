import { tcpPortsInFilter } from '../../filters/capture/ports.ts';
import type { RecorderSpec } from '../spec.ts';
import { inKilobytes, inSeconds, type Milliseconds } from '../units.ts';
import type { RingPlan } from './ringPlan.ts';

/** The options of a recorder in the pod. An absent bound means no limit. */
export interface RecordOptions {
  readonly spec: RecorderSpec;
  readonly ring: RingPlan;
  /**
   * Kernel buffer in KiB. It uses the node's memory, not the pod's. The recorder limits it to a share of the free
   * memory.
   */
  readonly bufferKibibytes?: number | undefined;
  /** How long it keeps recording if its lease is not renewed; absent for a detached recorder. */
  readonly linger?: Milliseconds | undefined;
  /** How long the spool is kept after the end of the recording without a reader. */
  readonly keep: Milliseconds;
  /** kB (1000 bytes) that this spool and the spools next to it may use together. */
  readonly roomKilobytes?: number | undefined;
  /** When the recording ends, in seconds since 1970. */
  readonly until?: number | undefined;
  /** In seconds since 1970. A recorder that is started later is being restarted by a kubelet, and records nothing. */
  readonly notAfter?: number | undefined;
  /** tcpdump changes its user when started as root, so it must be told to stay root. */
  readonly changesUser: boolean;
}

/** Kernel buffer in KiB of a recorder with a client: it holds bursts until they are written to disk. */
const BUFFER_KIB = 32_768;
/** The limit in KiB for all recorders of a client on a node: the kernel allocates and clears their buffers at the start. */
const NODE_BUFFERS_KIB = 524_288;
/** But at least this much for each; tcpdump's default is 2 MiB. */
const MIN_BUFFER_KIB = 8_192;

/** The kernel buffer in KiB of one recorder, if a node runs this number of them. */
export function bufferKibibytes(recordersOnNode: number): number {
  const share = Math.floor(NODE_BUFFERS_KIB / recordersOnNode);
  return Math.min(BUFFER_KIB, Math.max(MIN_BUFFER_KIB, share));
}

/** The words that follow `record`, or `start` of `follow`, in spool.sh's arguments. */
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
    ['ports', tcpPortsInFilter(spec.expression).join(',') || undefined],
    ['expression', spec.expression],
  ];
  return words.flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]));
}
