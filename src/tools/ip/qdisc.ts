import { type IpRecord, number, parseIpRecords, text } from './records.ts';

/** A queueing discipline, as `tc -j -s qdisc` prints it; `clsact` is where eBPF programs are attached. */
export interface Qdisc {
  readonly device: string;
  readonly kind: string;
  readonly dropped: number;
  readonly overlimits: number;
  readonly backlogPackets: number;
  /** Filters of a clsact or ingress one, a line each, as tc prints them; absent when not read. */
  readonly filters?: readonly string[];
}

/** Reads `tc -j -s qdisc`. */
export function parseQdiscs(output: string): Qdisc[] {
  return parseIpRecords(output)
    .map(parseQdisc)
    .filter((qdisc) => qdisc !== undefined);
}

function parseQdisc(raw: IpRecord): Qdisc | undefined {
  const [device, kind] = [text(raw.dev), text(raw.kind)];
  if (device === undefined || kind === undefined) return undefined;
  return {
    device,
    kind,
    dropped: number(raw.drops) ?? 0,
    overlimits: number(raw.overlimits) ?? 0,
    backlogPackets: number(raw.qlen) ?? 0,
  };
}
