import { type IpRecord, number, parseIpRecords, record, text } from './records.ts';

/** A queueing discipline, as `tc -j -s qdisc` prints it. eBPF programs are attached to `clsact`. */
export interface Qdisc {
  readonly device: string;
  readonly kind: string;
  readonly dropped: number;
  readonly overlimits: number;
  readonly backlogPackets: number;
  /** The limit in bits per second; only for tbf and netem. */
  readonly rate?: number;
  /** The network conditions that netem simulates. */
  readonly emulation?: Emulation;
  /** The filters of a clsact or ingress qdisc as tc prints them, one line each; undefined if they were not read. */
  readonly filters?: readonly string[];
}

/** Fractions of the packets, from 0 to 1. */
interface Emulation {
  readonly lost: number;
  readonly corrupted: number;
  readonly duplicated: number;
  readonly reordered: number;
  /** In seconds. */
  readonly delay: number;
}

/** Parses the output of `tc -j -s qdisc`. */
export function parseQdiscs(output: string): Qdisc[] {
  return parseIpRecords(output)
    .map(parseQdisc)
    .filter((qdisc) => qdisc !== undefined);
}

function parseQdisc(raw: IpRecord): Qdisc | undefined {
  const [device, kind] = [text(raw.dev), text(raw.kind)];
  if (device === undefined || kind === undefined) return undefined;
  const options = record(raw.options);
  const bytesPerSecond = kind === 'tbf' ? options.rate : record(options.rate).rate;
  const rate = number(bytesPerSecond);
  return {
    device,
    kind,
    dropped: number(raw.drops) ?? 0,
    overlimits: number(raw.overlimits) ?? 0,
    backlogPackets: number(raw.qlen) ?? 0,
    ...(rate !== undefined && { rate: rate * 8 }),
    ...(kind === 'netem' && { emulation: emulationOf(options) }),
  };
}

/**
 * Reads the options of netem: fractions and seconds. For loss models, the probability of entering the lossy state is
 * used.
 */
function emulationOf(options: IpRecord): Emulation {
  const part = (name: string, value: string) => number(record(options[name])[value]) ?? 0;
  return {
    lost: Math.max(
      part('loss-random', 'loss'),
      part('loss-gemodel', 'p'),
      part('loss-state', 'p13'),
    ),
    corrupted: part('corrupt', 'corrupt'),
    duplicated: part('duplicate', 'duplicate'),
    reordered: part('reorder', 'reorder'),
    delay: part('delay', 'delay'),
  };
}
