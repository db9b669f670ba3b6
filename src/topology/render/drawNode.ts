import { terminalSafe } from '../../output/terminalSafe.ts';
import { isTunnel } from '../trace/crossTunnel.ts';
import type { Place, Port, Wiring } from '../wiring.ts';

/** Draws a whole node: its bridges with their pods, pods on routed veths, tunnels and uplinks. */
export function* drawNode(wiring: Wiring, host: Place): Generator<string> {
  const ports = (host.network.links ?? []).map((link): Port => ({ ...host, link }));
  const tops = ports.filter(({ link }) => link.master === undefined && link.type !== 'loopback');
  const order = (port: Port) => ORDER.findIndex((isOf) => isOf(port, wiring));
  yield `${terminalSafe(`node ${host.node.name}`)}\n`;
  const sorted = tops.toSorted((one, other) => order(one) - order(other));
  for (const [at, port] of sorted.entries()) {
    const isLast = at === sorted.length - 1;
    yield `${line(`${isLast ? '└─' : '├─'} ${deviceText(port)}${podText(wiring, port)}`)}\n`;
    const below = wiring.portsOf(port);
    for (const [index, one] of below.entries()) {
      const branch = index === below.length - 1 ? '└─' : '├─';
      yield `${line(`${isLast ? '  ' : '│ '}   ${branch} ${deviceText(one)}${podText(wiring, one)}`)}\n`;
    }
    for (const entry of tunnelEntries(port))
      yield `${line(`${isLast ? '  ' : '│ '}   to ${entry}`)}\n`;
  }
}

const ORDER: readonly ((port: Port, wiring: Wiring) => boolean)[] = [
  ({ link }) => link.kind === 'bridge',
  (port, wiring) => podText(wiring, port) !== '',
  ({ link }) => isTunnel(link),
  () => true,
];

function deviceText({ link }: Port): string {
  const { name, kind, mtu, state, addresses } = link;
  const own = addresses
    .filter(({ scope }) => scope === 'global')
    .map(({ address, prefixLength }) => `${address}/${prefixLength}`);
  const bad = ['UP', 'UNKNOWN'].includes(state) ? '' : ` ${state}`;
  return [`${name} ${kind ?? 'device'} mtu ${mtu}${bad}`, ...own].join('  ');
}

function podText(wiring: Wiring, port: Port): string {
  if (port.link.kind !== 'veth' && port.link.kind !== 'netkit') return '';
  const end = wiring.otherEnd(port);
  if (end === undefined || end.network === port.network) return '';
  const pod = wiring.podName(end);
  const address = end.link.addresses.find(({ scope }) => scope === 'global')?.address;
  return ` → ${[pod ?? `namespace ${end.network.inode}`, end.link.name, address].filter(Boolean).join(' ')}`;
}

function tunnelEntries({ network, link }: Port): string[] {
  if (!isTunnel(link)) return [];
  return (network.fdb ?? []).flatMap(({ device, mac, destination }) =>
    device === link.name && destination !== undefined ? [`${destination} (${mac})`] : [],
  );
}

function line(text: string): string {
  const characters = [...terminalSafe(text)];
  return characters.length > 80 ? `${characters.slice(0, 79).join('')}…` : characters.join('');
}
