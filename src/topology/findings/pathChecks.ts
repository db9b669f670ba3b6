import type { Listener } from '../../tools/listeners.ts';
import { sameAddress } from '../address.ts';
import type { Place } from '../topology.ts';
import { isTunnel } from '../trace/crossTunnel.ts';
import { hostPortPod } from '../trace/nodePorts.ts';
import type { Fault } from '../trace/oneWayPath.ts';
import type { PathTrace } from '../trace/tracePath.ts';
import { podFlagOf } from './stateChecks.ts';

/** What is wrong with the whole path, and at its end. */
export function pathFaults(trace: PathTrace): Fault[] {
  return [
    ...listenerFaults(trace),
    ...translationFaults(trace),
    ...checksumFaults(trace),
    ...backendFaults(trace),
  ];
}

/** Checks that a process listens on the port in the namespace that was reached. */
function listenerFaults(trace: PathTrace): Fault[] {
  const { destinationPlace, finalPort, request, paths } = trace;
  const listeners = destinationPlace?.network.listeners;
  const isReached = paths[0]?.end === 'delivered' || trace.service !== undefined;
  if (
    destinationPlace === undefined ||
    finalPort === undefined ||
    listeners === undefined ||
    !isReached
  )
    return [];
  const isTranslated = paths[0]?.nat.some(({ kind }) => kind === 'dnat') === true;
  // Ports of nodes that belong to services or pods need no listener: rules forward them.
  const isForwarded =
    trace.service?.nodePortOf !== undefined ||
    (request.to?.kind === 'node' &&
      hostPortPod(trace.topology, request.to.node.name, request.port, request.protocol) !==
        undefined);
  const isHeadless = trace.service?.object.clusterAddresses.length === 0;
  // If the address of a service was not translated, the port is still that of the service.
  if ((isForwarded || (trace.service !== undefined && !isHeadless)) && !isTranslated) return [];
  const { protocol } = request;
  const address =
    paths[0]?.nat.findLast(({ kind }) => kind === 'dnat')?.to.replace(/:\d+$/, '') ??
    trace.destination;
  const portListeners = listeners.filter(
    (listener) => listener.protocol === protocol && listener.port === finalPort,
  );
  const where = whereOf(trace, destinationPlace);
  const target = trace.topology.podName(destinationPlace) ?? `node/${destinationPlace.node.name}`;
  const values = {
    target,
    protocol: protocol.toUpperCase(),
    port: `${finalPort}`,
    podFlag: where.pod === undefined ? podFlagOf(request.to) : `-n ${where.pod.replace('/', ' ')}`,
  };
  if (portListeners.length === 0) {
    const ports = listeners
      .filter((listener) => listener.protocol === protocol)
      .map(({ port }) => port);
    const evidence = `listening ${protocol} ports: ${[...new Set(ports)].sort((a, b) => a - b).join(', ') || 'none'}`;
    return [{ kind: 'no-listener', where, evidence, values }];
  }
  if (!portListeners.some((listener) => accepts(listener, address))) {
    const boundAddresses = portListeners.map((listener) => listener.address).join(', ');
    return [
      {
        kind: 'local-listener',
        where,
        evidence: `listening at ${boundAddresses}:${finalPort}`,
        values: { ...values, address: boundAddresses },
      },
    ];
  }
  return queueFaults(portListeners, destinationPlace, where);
}

function accepts({ address }: Listener, destination: string): boolean {
  if (address === '::' || address === '*') return true;
  if (address === '0.0.0.0') return !destination.includes(':');
  return sameAddress(address, destination);
}

function queueFaults(
  listeners: readonly Listener[],
  { network }: Place,
  where: Fault['where'],
): Fault[] {
  const overflows = network.counters?.TcpExtListenOverflows ?? 0;
  return listeners.flatMap((listener): Fault[] => {
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
  const { untranslatedAt, paths, request, topology, destinationPlace } = trace;
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
  const there = paths[0];
  const snat = there?.nat.find(({ kind }) => kind === 'snat');
  const isBetweenPods =
    request.from.kind === 'pod' &&
    request.to?.kind === 'pod' &&
    destinationPlace !== undefined &&
    !topology.isHost(destinationPlace);
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
function checksumFaults({ paths, topology, destinationPlace }: PathTrace): Fault[] {
  if (destinationPlace === undefined) return [];
  const counters = topology.hostPlace(destinationPlace.node)?.network.counters ?? {};
  return topology.facts.nodes.flatMap((node): Fault[] => {
    const host = topology.hostPlace(node);
    const hop = paths[0]?.hops.find(
      (hop) =>
        hop.node === node.name &&
        hop.netns === node.hostInode &&
        ['vxlan', 'geneve'].includes(hop.kind),
    );
    const port = host && topology.device(host, hop?.device);
    if (node === destinationPlace.node || port === undefined || !isTunnel(port.link)) return [];
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
        evidence: `${counter} ${count} on ${destinationPlace.node.name}; ${port.link.name} tx-checksum-ip-generic: on`,
        values: { device: port.link.name, count: `${count}`, farNode: destinationPlace.node.name },
      },
    ];
  });
}

/** Nodes of the path where both iptables backends have rules. */
function backendFaults({ paths, topology }: PathTrace): Fault[] {
  const nodes = new Set(paths.flatMap(({ hops }) => hops.flatMap(({ node }) => node ?? [])));
  return [...nodes].flatMap((name): Fault[] => {
    const node = topology.node(name);
    const host = node && topology.hostPlace(node);
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

function whereOf({ topology }: PathTrace, place: Place): Fault['where'] {
  const pod = topology.podName(place);
  return {
    node: place.node.name,
    netns: place.network.inode,
    ...(pod !== undefined && { pod }),
  };
}
