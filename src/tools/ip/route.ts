import { type IpRecord, number, present, record, records, text, texts } from './records.ts';

/** A route of any table, as `ip -j -d route show table all` prints it, or a result of `ip route get`. */
export interface Route {
  readonly family: 'inet' | 'inet6';
  /** unicast, local, broadcast, multicast, anycast, blackhole, unreachable, prohibit or throw. */
  readonly type: string;
  /** An address or prefix, or `default`. */
  readonly destination: string;
  /** The source prefix of a source-specific IPv6 route. */
  readonly source?: string;
  /** The name or number of the table: main, local, 100 … */
  readonly table: string;
  readonly gateway?: string;
  /** Undefined for blackhole and similar types, and if there are several next hops. */
  readonly device?: string;
  /** kernel, boot, static, bird, ra, dhcp or a number. */
  readonly protocol?: string;
  readonly scope?: string;
  readonly preferredSource?: string;
  readonly metric?: number;
  /** onlink, linkdown, dead, pervasive … */
  readonly flags: readonly string[];
  /** The MTU of the route. */
  readonly mtu?: number;
  /** The next hops if there are several; otherwise empty. */
  readonly nextHops: readonly NextHop[];
}

export interface NextHop {
  readonly gateway?: string;
  readonly device?: string;
  readonly weight?: number;
  readonly flags: readonly string[];
}

export function routesOf(records: readonly IpRecord[]): Route[] {
  return records.map(parseRoute).filter((route) => route !== undefined);
}

function parseRoute(raw: IpRecord): Route | undefined {
  const destination = text(raw.dst);
  if (destination === undefined) return undefined;
  const metrics = records(raw.metrics);
  const from = text(raw.from);
  return {
    family: familyOf(raw),
    type: text(raw.type) ?? 'unicast',
    destination,
    ...present({ source: from === 'all' ? undefined : from }),
    table: text(raw.table) ?? 'main',
    ...present({
      gateway: text(raw.gateway) ?? text(record(raw.via).host),
      device: text(raw.dev),
      protocol: text(raw.protocol),
      scope: text(raw.scope),
      preferredSource: text(raw.prefsrc),
      metric: number(raw.metric),
    }),
    flags: texts(raw.flags),
    ...present({ mtu: metrics.map(({ mtu }) => number(mtu)).find((mtu) => mtu !== undefined) }),
    nextHops: records(raw.nexthops).map((hop) => ({
      ...present({
        gateway: text(hop.gateway) ?? text(record(hop.via).host),
        device: text(hop.dev),
        weight: number(hop.weight),
      }),
      flags: texts(hop.flags),
    })),
  };
}

/** ip does not print the family. Only IPv6 routes have a preference, which tells default routes apart. */
function familyOf(raw: IpRecord): Route['family'] {
  const addresses = [
    raw.dst,
    raw.gateway,
    raw.prefsrc,
    raw.from,
    ...records(raw.nexthops).map((hop) => hop.gateway),
  ];
  const isIpv6 = raw.pref !== undefined || addresses.some((value) => text(value)?.includes(':'));
  return isIpv6 ? 'inet6' : 'inet';
}
