import { type IpRecord, present, text, texts } from './records.ts';

/** An entry of the ARP or neighbor discovery table, as `ip -j -s neigh` prints it. */
export interface Neighbour {
  readonly address: string;
  readonly device: string;
  /** Undefined while unresolved. */
  readonly mac?: string;
  /** REACHABLE, STALE, DELAY, PROBE, FAILED, INCOMPLETE, NOARP or PERMANENT; usually only one. */
  readonly state: readonly string[];
  /** Flags: router, proxy, extern_learn. */
  readonly flags: readonly string[];
}

export function neighboursOf(records: readonly IpRecord[]): Neighbour[] {
  return records.map(parseNeighbour).filter((neighbour) => neighbour !== undefined);
}

function parseNeighbour(raw: IpRecord): Neighbour | undefined {
  const [address, device] = [text(raw.dst), text(raw.dev)];
  if (address === undefined || device === undefined) return undefined;
  return {
    address,
    device,
    ...present({ mac: text(raw.lladdr) }),
    state: texts(raw.state),
    // The value of a flag that is set is null.
    flags: ['router', 'proxy', 'extern_learn'].filter((flag) => flag in raw),
  };
}
