import { type JsonObject, objectOf } from '../../jsonObject.ts';
import { contains, formatAddress, parseAddress, parsePrefix } from '../address.ts';
import type { CniFacts, Lease } from '../model/cniFacts.ts';

/** The addresses that host-local assigns from one range. */
export interface AllocationRange {
  readonly network: string;
  readonly subnet: string;
  readonly first: string;
  readonly last: string;
  /** How many addresses there are, without the gateway, which host-local does not assign. */
  readonly size: number;
}

/**
 * The ranges in a node's configuration: those in the `ipam` section of each plugin and of flannel's delegates,
 * otherwise the one in /run/flannel/subnet.env. https://www.cni.dev/plugins/current/ipam/host-local/
 */
export function allocationRanges(cni: CniFacts): AllocationRange[] {
  const ranges = new Map<string, AllocationRange>();
  const add = (network: string, range: JsonObject) => {
    const parsed = parseRange(network, range);
    if (parsed) ranges.set(`${network} ${parsed.subnet} ${parsed.first}`, parsed);
  };
  const configurations = [
    ...cni.configurations.filter(({ inForce }) => inForce).map(({ content }) => content),
    ...cni.results.map(({ config }) => config),
    ...cni.delegates.map(({ content }) => content),
  ];
  for (const content of configurations) {
    const configuration = objectOf(content);
    const name = typeof configuration.name === 'string' ? configuration.name : '';
    const plugins = Array.isArray(configuration.plugins) ? configuration.plugins : [configuration];
    for (const plugin of plugins) {
      const { type, ...ipam } = objectOf(objectOf(plugin).ipam);
      if (type !== 'host-local') continue;
      for (const range of ipamRanges(ipam)) add(name, range);
    }
  }
  const networks = new Set(cni.leases.map(({ network }) => network));
  const { FLANNEL_SUBNET: subnet } = cni.subnetEnv ?? {};
  const [network] = networks;
  if (ranges.size === 0 && networks.size === 1 && network !== undefined && subnet !== undefined)
    add(network, { subnet });
  return [...ranges.values()];
}

/** `ranges` is a list of range sets; older configurations have a single `subnet`. */
function ipamRanges(ipam: JsonObject): JsonObject[] {
  const sets = Array.isArray(ipam.ranges) ? ipam.ranges : [];
  const ranges = sets.flat().map(objectOf);
  return typeof ipam.subnet === 'string' ? [ipam, ...ranges] : ranges;
}

function parseRange(network: string, range: JsonObject): AllocationRange | undefined {
  const prefix = typeof range.subnet === 'string' ? parsePrefix(range.subnet) : undefined;
  if (!prefix) return undefined;
  const bits = prefix.family === 4 ? 32 : 128;
  const hostBits = BigInt(bits - prefix.length);
  const base = (prefix.value >> hostBits) << hostBits;
  const end = base + (1n << hostBits) - 1n;
  const addressOf = (key: string) => {
    const text = range[key];
    const address = typeof text === 'string' ? parseAddress(text) : undefined;
    return address && contains(prefix, address) ? address.value : undefined;
  };
  // The first address is the network's. The last one is the broadcast address in IPv4; in IPv6 it can be assigned.
  const first = addressOf('rangeStart') ?? base + 1n;
  const last = addressOf('rangeEnd') ?? (prefix.family === 4 ? end - 1n : end);
  const gateway = addressOf('gateway') ?? base + 1n;
  const size = last - first + 1n - (gateway >= first && gateway <= last ? 1n : 0n);
  const text = (value: bigint) => formatAddress({ family: prefix.family, value });
  return {
    network,
    subnet: `${text(base)}/${prefix.length}`,
    first: text(first),
    last: text(last),
    size: Number(size),
  };
}

/** Whether a lease is for an address of this range. A configuration without a name may belong to any network. */
export function isInRange({ network, first, last }: AllocationRange, lease: Lease): boolean {
  const { address } = lease;
  if (network !== '' && network !== lease.network) return false;
  const [from, to, parsedAddress] = [first, last, address].map(parseAddress);
  return (
    from !== undefined &&
    to !== undefined &&
    parsedAddress !== undefined &&
    parsedAddress.family === from.family &&
    parsedAddress.value >= from.value &&
    parsedAddress.value <= to.value
  );
}
