import { type IpRecord, number, present, record, records, text, texts } from './records.ts';

/** A network device in one network namespace, as `ip -j -d -s link` and `ip -j addr` print it. */
export interface Link {
  readonly ifindex: number;
  readonly name: string;
  readonly altNames?: readonly string[];
  /** As ip prints them: UP, LOWER_UP, NO-CARRIER (ip's own addition), LOOPBACK, POINTOPOINT … */
  readonly flags: readonly string[];
  readonly mtu: number;
  /** The operational state: UP, DOWN, UNKNOWN, LOWERLAYERDOWN, NOTPRESENT, DORMANT or TESTING. */
  readonly state: string;
  /** The hardware type: ether, loopback, none, ipip, sit … */
  readonly type: string;
  /** The link-layer address; undefined for tunnels without one (ipip). */
  readonly mac?: string;
  /**
   * The kind of virtual device: bridge, veth, vxlan, vlan, macvlan, ipvlan, bond, vrf, tun …; undefined for hardware.
   */
  readonly kind?: string;
  /** The parameters of this kind under the names of iproute2 (`info_data`), such as id, local and port of a VXLAN. */
  readonly data: Readonly<Record<string, unknown>>;
  /** The name of the bridge, bond or VRF that has it as a port. */
  readonly master?: string;
  /** `bridge`, `bond` or `vrf`, the kind of the master. */
  readonly portKind?: string;
  /** The parameters as a port (`info_slave_data`), such as state, hairpin, isolated and learning on a bridge. */
  readonly portData: Readonly<Record<string, unknown>>;
  /** The peer of a veth or netkit; the lower device of a VLAN, macvlan or tunnel. */
  readonly link?: LinkReference;
  readonly addresses: readonly LinkAddress[];
  readonly counters?: LinkCounters;
}

/**
 * Another device: by name if it is in the same network namespace. Otherwise by ifindex and `netnsid`, the number that
 * the referring namespace uses for the other one; undefined if it has no number for it.
 */
export interface LinkReference {
  readonly name?: string;
  readonly ifindex?: number;
  readonly netnsid?: number;
}

export interface LinkAddress {
  readonly family: 'inet' | 'inet6';
  readonly address: string;
  readonly prefixLength: number;
  /** The other end of a point-to-point address. */
  readonly peer?: string;
  /** The scope: global, link, host or site. */
  readonly scope: string;
  /** Flags: tentative, dadfailed, deprecated, secondary, noprefixroute, dynamic … */
  readonly flags: readonly string[];
}

/** Counted since the device was created. */
export interface LinkCounters {
  readonly rx: DirectionCounters;
  readonly tx: DirectionCounters;
}

export interface DirectionCounters {
  readonly bytes: number;
  readonly packets: number;
  readonly errors: number;
  readonly dropped: number;
}

export function linksOf(records: readonly IpRecord[]): Link[] {
  return records.map(parseLink).filter((link) => link !== undefined);
}

function parseLink(raw: IpRecord): Link | undefined {
  const ifindex = number(raw.ifindex);
  const name = text(raw.ifname);
  if (ifindex === undefined || name === undefined) return undefined;
  const info = record(raw.linkinfo);
  const altNames = texts(raw.altnames);
  const type = text(raw.link_type) ?? '';
  return {
    ifindex,
    name,
    ...(altNames.length > 0 && { altNames }),
    flags: texts(raw.flags),
    mtu: number(raw.mtu) ?? 0,
    state: text(raw.operstate) ?? 'UNKNOWN',
    type,
    // For tunnels over IP, this field has the address of the tunnel's end, which is not a link-layer address.
    ...present({
      mac: /^(?:[\da-f]{2}:)+[\da-f]{2}$/i.test(text(raw.address) ?? '')
        ? text(raw.address)
        : undefined,
      kind: text(info.info_kind),
    }),
    data: parametersOf(record(info.info_data)),
    ...present({ master: text(raw.master), portKind: text(info.info_slave_kind) }),
    portData: record(info.info_slave_data),
    ...present({ link: reference(raw) }),
    addresses: records(raw.addr_info)
      .map(parseAddress)
      .filter((address) => address !== undefined),
    ...present({ counters: parseCounters(record(raw.stats64 ?? raw.stats)) }),
  };
}

/**
 * In the JSON of iproute2, the ends of VXLAN and Geneve tunnels over IPv6 are `local6`, `remote6` and `group6`. Here
 * they have the same names as for IPv4.
 */
function parametersOf(data: IpRecord): IpRecord {
  const ends = ['local', 'remote', 'group'].flatMap((end) => {
    const value = data[`${end}6`];
    return value === undefined ? [] : [[end, value] as const];
  });
  return ends.length === 0 ? data : { ...data, ...Object.fromEntries(ends) };
}

function reference(raw: IpRecord): LinkReference | undefined {
  const name = text(raw.link);
  const ifindex = number(raw.link_index);
  const netnsid = number(raw.link_netnsid);
  if (name === undefined && ifindex === undefined) return undefined;
  return present({
    name,
    ifindex,
    netnsid: netnsid === undefined || netnsid < 0 ? undefined : netnsid,
  });
}

/** The fields of addr_info that are flags: true or absent. */
const ADDRESS_FLAGS = [
  'tentative',
  'dadfailed',
  'deprecated',
  'secondary',
  'temporary',
  'noprefixroute',
  'dynamic',
  'nodad',
  'home',
] as const;

function parseAddress(raw: IpRecord): LinkAddress | undefined {
  const family = text(raw.family);
  const address = text(raw.local) ?? text(raw.address);
  if (address === undefined || (family !== 'inet' && family !== 'inet6')) return undefined;
  const peer = text(raw.local) === undefined ? undefined : text(raw.address);
  return {
    family,
    address,
    prefixLength: number(raw.prefixlen) ?? (family === 'inet' ? 32 : 128),
    ...present({ peer }),
    scope: text(raw.scope) ?? 'global',
    flags: ADDRESS_FLAGS.filter((flag) => raw[flag] === true),
  };
}

function parseCounters(raw: IpRecord): LinkCounters | undefined {
  if (raw.rx === undefined) return undefined;
  return { rx: parseDirection(record(raw.rx)), tx: parseDirection(record(raw.tx)) };
}

function parseDirection(raw: IpRecord): DirectionCounters {
  return {
    bytes: number(raw.bytes) ?? 0,
    packets: number(raw.packets) ?? 0,
    errors: number(raw.errors) ?? 0,
    dropped: number(raw.dropped) ?? 0,
  };
}
