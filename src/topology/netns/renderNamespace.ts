import { optionalColumn } from '../../output/renderList.ts';
import { renderTable } from '../../output/table.ts';
import { terminalSafe } from '../../output/terminalSafe.ts';
import type { Link, LinkCounters } from '../../tools/ip/link.ts';
import type { Route } from '../../tools/ip/route.ts';
import type { RoutingRule } from '../../tools/ip/rule.ts';
import type { NetworkNamespace } from '../model/networkNamespace.ts';
import type { Place, Topology } from '../topology.ts';

/** Sysctls that affect packets, relative to /proc/sys/net. */
const SHOWN_SYSCTLS =
  /^(?:ipv4\/ip_forward|ipv[46]\/conf\/[^/]+\/(?:forwarding|rp_filter|proxy_arp|disable_ipv6)|bridge\/.*|netfilter\/.*|core\/somaxconn)$/;

/** Renders everything in one namespace as text. */
export function* renderNamespace(topology: Topology, place: Place): Generator<string> {
  const { network, node } = place;
  yield `${headline(network)} on ${terminalSafe(node.name)}: network namespace ${network.inode}\n`;
  const names = network.mounts.map(({ path }) => path.split('/').at(-1) ?? path);
  yield `ip netns: ${names.length === 0 ? 'no name' : terminalSafe(names.join(', '))}; number on the host: ${network.netnsid ?? 'unassigned'}; ${network.processCount ?? 'unknown'} processes, the first is ${network.pid ?? 'unknown'}\n`;
  yield* interfaces(topology, place);
  yield* section('ROUTES', network.routes?.filter(isOwn).map(routeText));
  yield* section('RULES', network.rules?.map(ruleText));
  yield* section(
    'NEIGHBOURS',
    network.neighbours?.map(
      ({ address, device, mac, state, flags }) =>
        `${address} dev ${device}${mac === undefined ? '' : ` lladdr ${mac}`} ${[...flags, ...state].join(' ')}`,
    ),
  );
  yield* section(
    'LISTENING',
    network.listeners?.map(({ protocol, address, port, receiveQueue, drops }) =>
      [
        `${protocol} ${address.includes(':') ? `[${address}]` : address}:${port}`,
        ...(receiveQueue > 0 ? [`queue ${receiveQueue}`] : []),
        ...(drops ? [`dropped ${drops}`] : []),
      ].join(' '),
    ),
  );
  yield* section(
    'RESOLV.CONF',
    network.resolvConf?.split('\n').filter((line) => line !== ''),
  );
  yield* section(
    'SYSCTLS',
    network.sysctls &&
      Object.entries(network.sysctls)
        .filter(([name]) => SHOWN_SYSCTLS.test(name))
        .map(([name, value]) => `net/${name} = ${value}`),
  );
}

function headline({ owner }: NetworkNamespace): string {
  switch (owner.kind) {
    case 'host':
      return "the node's own network";
    case 'pod':
      return `pod ${terminalSafe(owner.name === undefined ? (owner.uid ?? '') : `${owner.namespace ?? ''}/${owner.name}`)}`;
    case 'container':
      return `container ${owner.id.slice(0, 13)}`;
    default:
      return 'neither a pod nor the node';
  }
}

function* section(title: string, lines: readonly string[] | undefined): Generator<string> {
  yield `\n${title}\n`;
  if (lines === undefined) yield 'unknown\n';
  else if (lines.length === 0) yield 'none\n';
  else for (const line of lines) yield `${terminalSafe(line)}\n`;
}

function* interfaces(topology: Topology, { node, network }: Place): Generator<string> {
  yield '\nINTERFACES\n';
  if (network.links === undefined) {
    yield 'unknown\n';
    return;
  }
  const column = optionalColumn<Link>;
  yield* renderTable(
    [
      column('INTERFACE', ({ name }) => name),
      column('INDEX', ({ ifindex }) => ifindex),
      column('KIND', ({ kind, type }) => kind ?? type),
      column('STATE', ({ state, flags }) => (flags.includes('UP') ? state : 'DOWN')),
      column('MTU', ({ mtu }) => mtu),
      column('MAC', ({ mac }) => mac),
      column(
        'ADDRESSES',
        ({ addresses }) =>
          addresses.map(({ address, prefixLength }) => `${address}/${prefixLength}`).join(',') ||
          undefined,
      ),
      column('OTHER END', (link) => {
        const peer = topology.otherEnd({ node, network, link });
        if (!peer) return undefined;
        const { name, ifindex, master } = peer.link;
        return `${name} (${ifindex})${master === undefined ? '' : ` in ${master}`}`;
      }),
      column('ERRORS', ({ counters }) => dropText(counters)),
    ],
    network.links,
  );
}

/** Errors and drops, received and sent; undefined if there are none. */
function dropText(counters: LinkCounters | undefined): string | undefined {
  if (!counters) return undefined;
  const { rx, tx } = counters;
  const parts = [
    ['rx errors', rx.errors],
    ['rx drops', rx.dropped],
    ['tx errors', tx.errors],
    ['tx drops', tx.dropped],
  ] as const;
  return (
    parts
      .filter(([, count]) => count > 0)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ') || undefined
  );
}

/** Whether a route is outside of the kernel's table `local`, which only repeats the addresses of the devices. */
function isOwn({ table }: Route): boolean {
  return table !== 'local';
}

/** A route in ip's notation. */
function routeText(route: Route): string {
  const { type, destination, gateway, device, table, preferredSource, metric, mtu, flags } = route;
  return [
    ...(type === 'unicast' ? [] : [type]),
    destination,
    ...(gateway === undefined ? [] : ['via', gateway]),
    ...(device === undefined ? [] : ['dev', device]),
    ...(table === 'main' ? [] : ['table', table]),
    ...(preferredSource === undefined ? [] : ['src', preferredSource]),
    ...(metric === undefined ? [] : ['metric', String(metric)]),
    ...(mtu === undefined ? [] : ['mtu', String(mtu)]),
    ...flags,
    ...route.nextHops.flatMap((hop) => [
      'nexthop',
      ...(hop.gateway === undefined ? [] : ['via', hop.gateway]),
      ...(hop.device === undefined ? [] : ['dev', hop.device]),
    ]),
  ].join(' ');
}

function ruleText(rule: RoutingRule): string {
  const { family, priority, source, destination, inputDevice, outputDevice, mark, mask } = rule;
  return [
    ...(family === 'inet6' ? ['-6'] : []),
    `${priority}:`,
    ...(rule.inverted ? ['not'] : []),
    ...['from', source],
    ...(destination === 'all' ? [] : ['to', destination]),
    ...(inputDevice === undefined ? [] : ['iif', inputDevice]),
    ...(outputDevice === undefined ? [] : ['oif', outputDevice]),
    ...(mark === undefined ? [] : ['fwmark', mask === undefined ? mark : `${mark}/${mask}`]),
    ...(rule.table === undefined ? [rule.action ?? ''] : ['lookup', rule.table]),
  ].join(' ');
}
