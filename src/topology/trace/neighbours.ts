import type { FdbEntry } from '../../tools/ip/fdb.ts';
import type { Neighbour } from '../../tools/ip/neighbour.ts';
import { sameAddress } from '../address.ts';
import type { Port } from '../topology.ts';
import type { WalkState } from './walkState.ts';

/** The entry for an address in a device's ARP or neighbour discovery table. */
export function findNeighbour({ network, link }: Port, address: string): Neighbour | undefined {
  return network.neighbours?.find(
    (entry) =>
      entry.device === link.name &&
      sameAddress(entry.address, address) &&
      !entry.flags.includes('proxy'),
  );
}

/** An entry in the notation of `ip neigh`, as evidence. */
export function neighbourText({ address, device, mac, state }: Neighbour): string {
  return [address, 'dev', device, ...(mac ? ['lladdr', mac] : []), ...state].join(' ');
}

export function fdbText({ mac, device, master, destination, state, flags }: FdbEntry): string {
  return [
    mac,
    'dev',
    device,
    ...(destination ? ['dst', destination] : []),
    ...flags,
    ...(master ? ['master', master] : []),
    ...(state ? [state] : []),
  ].join(' ');
}

/** Whether the device does not resolve MAC addresses, such as tunnels over IP and WireGuard. */
export function needsNoResolution({ link }: Port): boolean {
  return link.flags.includes('NOARP') && link.kind !== 'vxlan';
}

/**
 * Looks up an address in a device's neighbour table, and compares the entry with the device that has the address.
 * Returns the MAC address that packets are sent to; undefined if it is not resolved.
 */
export function checkNeighbour(
  walk: WalkState,
  port: Port,
  address: string,
  owner: Port | undefined,
): string | undefined {
  checkArp(walk, port, address, owner);
  if (needsNoResolution(port)) return undefined;
  const entry = findNeighbour(port, address);
  if (entry === undefined) return owner?.link.mac;
  const isFailed = entry.state.includes('FAILED') || entry.state.includes('INCOMPLETE');
  if (isFailed || entry.mac === undefined) {
    walk.addFault('neighbour-failed', port, neighbourText(entry), {
      address,
      device: port.link.name,
      state: entry.state.join(),
    });
    return owner?.link.mac;
  }
  if (owner?.link.mac !== undefined && !sameMac(owner.link.mac, entry.mac)) {
    const otherOwners = walk.topology
      .devicesWithAddress(address)
      .filter(({ link }) => link.mac !== undefined && sameMac(link.mac, entry.mac ?? ''));
    if (otherOwners.length > 0) return entry.mac;
    walk.addFault('stale-neighbour', port, neighbourText(entry), {
      address,
      device: port.link.name,
      mac: entry.mac,
      real: owner.link.mac,
      state: entry.state.join(),
    });
  }
  return entry.mac;
}

/** Kinds of devices that resolve addresses unless this was switched off. */
const RESOLVING = new Set(['veth', 'bridge', 'macvlan', 'vlan', undefined]);

/**
 * Checks that address resolution is on at both ends. If it is off at both, as between the devices of an eBPF
 * datapath, that is intended.
 */
function checkArp(walk: WalkState, port: Port, address: string, owner: Port | undefined): void {
  if (owner === undefined) return;
  checkAnswers(walk, port, address, owner);
  const disabled = [port, owner].filter(
    ({ link }) => link.type === 'ether' && link.flags.includes('NOARP') && RESOLVING.has(link.kind),
  );
  const [disabledSetting] = disabled;
  if (disabledSetting === undefined || disabled.length > 1) return;
  const entry = findNeighbour(port, address);
  if (entry?.mac !== undefined && !entry.state.includes('FAILED')) return;
  const { name, flags } = disabledSetting.link;
  walk.addFault('arp-off', disabledSetting, `${name}: <${flags.join(',')}>`, {
    device: name,
    address,
  });
}

/**
 * Checks that the owner answers ARP requests. The larger of arp_ignore of the device and of `all` applies. With 1
 * and 2, requests for addresses of other devices are not answered; with 8, no requests are (Linux, ip-sysctl.rst).
 */
function checkAnswers(walk: WalkState, port: Port, address: string, owner: Port): void {
  const { network, link } = owner;
  if (address.includes(':') || port.network === network) return;
  const settings = ['all', link.name].map((name) => ({
    name,
    value: Number(network.sysctls?.[`ipv4/conf/${name}/arp_ignore`] ?? 0),
  }));
  const [setting] = settings.toSorted((a, b) => b.value - a.value);
  if (setting === undefined) return;
  const isOwn = link.addresses.some((assigned) => sameAddress(assigned.address, address));
  const isSilent = setting.value === 8 || ((setting.value === 1 || setting.value === 2) && !isOwn);
  const entry = findNeighbour(port, address);
  if (!isSilent || (entry?.mac !== undefined && !entry.state.includes('FAILED'))) return;
  const evidence = `net.ipv4.conf.${setting.name}.arp_ignore = ${setting.value}`;
  const values = { device: link.name, address, setting: setting.name };
  walk.addFault('arp-ignored', owner, evidence, values);
}

export function sameMac(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
