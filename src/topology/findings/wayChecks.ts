import type { Listener } from '../../tools/listeners.ts';
import { sameAddress } from '../address.ts';
import { isTunnel } from '../trace/crossTunnel.ts';
import { hostPortPod } from '../trace/nodePorts.ts';
import type { PathTrace } from '../trace/tracePath.ts';
import type { Fault } from '../trace/way.ts';
import type { Place } from '../wiring.ts';
import { podFlagOf } from './stateChecks.ts';

/** What is wrong with the whole way, and at its end. */
export function wayFaults(trace: PathTrace): Fault[] {
  return [
    ...listenerFaults(trace),
    ...translationFaults(trace),
    ...checksumFaults(trace),
    ...backendFaults(trace),
  ];
}

/** Checks that a process listens on the port in the namespace that was reached. */
function listenerFaults(trace: PathTrace): Fault[] {
  const { aim, finalPort, request, ways } = trace;
  const listeners = aim?.network.listeners;
  const isReached = ways[0]?.end === 'delivered' || trace.service !== undefined;
  if (aim === undefined || finalPort === undefined || listeners === undefined || !isReached)
    return [];
  const isTranslated = ways[0]?.nat.some(({ kind }) => kind === 'dnat') === true;
  // Ports of nodes that belong to services or pods need no listener: rules forward them.
  const isForwarded =
    trace.service?.nodePortOf !== undefined ||
    (request.to?.kind === 'node' &&
      hostPortPod(trace.wiring, request.to.node.name, request.port, request.protocol) !==
        undefined);
  const isHeadless = trace.service?.object.clusterAddresses.length === 0;
  // If the address of a service was not translated, the port is still that of the service.
  if ((isForwarded || (trace.service !== undefined && !isHeadless)) && !isTranslated) return [];
  const { protocol } = request;
  const address =
    ways[0]?.nat.findLast(({ kind }) => kind === 'dnat')?.to.replace(/:\d+$/, '') ??
    trace.destination;
  const own = listeners.filter((one) => one.protocol === protocol && one.port === finalPort);
  const where = whereOf(trace, aim);
  const target = trace.wiring.podName(aim) ?? `node/${aim.node.name}`;
  const values = {
    target,
    protocol: protocol.toUpperCase(),
    port: `${finalPort}`,
    podFlag: where.pod === undefined ? podFlagOf(request.to) : `-n ${where.pod.replace('/', ' ')}`,
  };
  if (own.length === 0) {
    const ports = listeners.filter((one) => one.protocol === protocol).map(({ port }) => port);
    const evidence = `listening ${protocol} ports: ${[...new Set(ports)].sort((a, b) => a - b).join(', ') || 'none'}`;
    return [{ kind: 'no-listener', where, evidence, values }];
  }
  if (!own.some((one) => takes(one, address))) {
    const at = own.map((one) => one.address).join(', ');
    return [
      {
        kind: 'local-listener',
        where,
        evidence: `listening at ${at}:${finalPort}`,
        values: { ...values, address: at },
      },
    ];
  }
  return queueFaults(own, aim, where);
}

function takes({ address }: Listener, wanted: string): boolean {
  if (address === '::' || address === '*') return true;
  if (address === '0.0.0.0') return !wanted.includes(':');
  return sameAddress(address, wanted);
}

function queueFaults(own: readonly Listener[], { network }: Place, where: Fault['where']): Fault[] {
  const overflows = network.counters?.TcpExtListenOverflows ?? 0;
  return own.flatMap((listener): Fault[] => {
    const port = `${listener.port}`;
    if (listener.protocol === 'tcp' && overflows > 0 && listener.receiveQueue > 0) {
      const waiting = `${listener.receiveQueue}`;
      return [
        {
          kind: 'listen-overflow',
          where,
          evidence: `TcpExtListenOverflows ${overflows}; port ${port}: ${waiting} waiting`,
          values: { port, waiting, overflows: `${overflows}` },
        },
      ];
    }
    if (listener.protocol === 'udp' && (listener.drops ?? 0) > 0 && listener.receiveQueue > 0) {
      return [
        {
          kind: 'socket-drops',
          where,
          evidence: `port ${port}: ${listener.drops} drops, ${listener.receiveQueue} bytes waiting`,
          values: { port, drops: `${listener.drops}` },
        },
      ];
    }
    return [];
  });
}

function translationFaults(trace: PathTrace): Fault[] {
  const { untranslatedAt, ways, request, wiring, aim } = trace;
  const faults: Fault[] = [];
  if (untranslatedAt !== undefined) {
    const { link, network, node } = untranslatedAt;
    const value = network.sysctls?.['bridge/bridge-nf-call-iptables'];
    faults.push({
      kind: 'bridge-nf-off',
      where: { node: node.name, netns: network.inode, device: link.name },
      evidence:
        value === undefined
          ? 'net.bridge.bridge-nf-call-iptables: not there (br_netfilter is not loaded)'
          : `net.bridge.bridge-nf-call-iptables = ${value}`,
      values: { bridge: link.name, value: value ?? 'not there' },
    });
  }
  const there = ways[0];
  const snat = there?.nat.find(({ kind }) => kind === 'snat');
  const isBetweenPods =
    request.from.kind === 'pod' &&
    request.to?.kind === 'pod' &&
    aim !== undefined &&
    !wiring.isHost(aim);
  const isTranslated = there?.nat.some(({ kind }) => kind === 'dnat') === true;
  if (snat !== undefined && isBetweenPods && !isTranslated) {
    faults.push({
      kind: 'unexpected-snat',
      where: { node: snat.node },
      evidence: snat.rule ?? `${snat.from} → ${snat.to}`,
      values: { from: snat.from, to: snat.to },
    });
  }
  return faults;
}

/** Checksum errors at the far end, while the near end of the tunnel offloads checksums to the hardware. */
function checksumFaults({ ways, wiring, aim }: PathTrace): Fault[] {
  if (aim === undefined) return [];
  const counters = wiring.host(aim.node)?.network.counters ?? {};
  return wiring.facts.nodes.flatMap((node): Fault[] => {
    const host = wiring.host(node);
    const hop = ways[0]?.hops.find(
      (one) =>
        one.node === node.name &&
        one.netns === node.hostInode &&
        ['vxlan', 'geneve'].includes(one.kind),
    );
    const port = host && wiring.device(host, hop?.device);
    if (node === aim.node || port === undefined || !isTunnel(port.link)) return [];
    const isOn = port.network.offloads?.[port.link.name]?.['tx-checksum-ip-generic'] === true;
    // The outer packets have the family of the tunnel's end addresses.
    const isOverIpv6 = `${port.link.data.local ?? port.link.data.remote ?? ''}`.includes(':');
    const counter = isOverIpv6 ? 'Udp6InCsumErrors' : 'UdpInCsumErrors';
    const count = counters[counter] ?? 0;
    if (!isOn || count === 0) return [];
    return [
      {
        kind: 'checksum-offload',
        where: { node: node.name, netns: port.network.inode, device: port.link.name },
        evidence: `${counter} ${count} on ${aim.node.name}; ${port.link.name} tx-checksum-ip-generic: on`,
        values: { device: port.link.name, count: `${count}`, farNode: aim.node.name },
      },
    ];
  });
}

/** Nodes of the path where both iptables backends have rules. */
function backendFaults({ ways, wiring }: PathTrace): Fault[] {
  const nodes = new Set(ways.flatMap(({ hops }) => hops.flatMap(({ node }) => node ?? [])));
  return [...nodes].flatMap((name): Fault[] => {
    const node = wiring.node(name);
    const host = node && wiring.host(node);
    const { iptablesNft, iptablesLegacy } = host?.network.netfilter ?? {};
    const [nft, legacy] = [iptablesNft, iptablesLegacy].map((texts) => rulesIn(texts?.ipv4 ?? ''));
    if (host === undefined || !nft || !legacy) return [];
    return [
      {
        kind: 'two-iptables-backends',
        where: { node: name, netns: host.network.inode },
        evidence: `iptables-nft: ${nft} rules; iptables-legacy: ${legacy} rules`,
        values: {},
      },
    ];
  });
}

function rulesIn(text: string): number {
  return text.match(/^(\[\d+:\d+\] )?-A /gm)?.length ?? 0;
}

function whereOf({ wiring }: PathTrace, place: Place): Fault['where'] {
  const pod = wiring.podName(place);
  return {
    node: place.node.name,
    netns: place.network.inode,
    ...(pod !== undefined && { pod }),
  };
}
