import { type IpRecord, number, parseIpRecords, present, text, texts } from './records.ts';

/** An entry in the forwarding table of a bridge or a VXLAN device, as `bridge -j -d -s fdb` prints it. */
export interface FdbEntry {
  readonly mac: string;
  /** The bridge port or the VXLAN device. */
  readonly device: string;
  /** The bridge, for an entry in the bridge's own table. */
  readonly master?: string;
  /** VXLAN devices: the address of the remote VTEP. */
  readonly destination?: string;
  readonly vlan?: number;
  /** If they differ from those of the device. */
  readonly vni?: number;
  readonly port?: number;
  /** permanent, static, stale; empty for a learned entry. */
  readonly state: string;
  /** self, master, extern_learn, offload, sticky … */
  readonly flags: readonly string[];
}

/** Parses the output of `bridge -j -d -s fdb`. */
export function parseFdb(output: string): FdbEntry[] {
  return parseIpRecords(output)
    .map(parseEntry)
    .filter((entry) => entry !== undefined);
}

function parseEntry(raw: IpRecord): FdbEntry | undefined {
  const [mac, device] = [text(raw.mac), text(raw.ifname)];
  if (mac === undefined || device === undefined) return undefined;
  return {
    mac,
    device,
    ...present({
      master: text(raw.master),
      destination: text(raw.dst),
      vlan: number(raw.vlan),
      vni: number(raw.vni),
      port: number(raw.port),
    }),
    state: text(raw.state) ?? '',
    flags: texts(raw.flags),
  };
}
