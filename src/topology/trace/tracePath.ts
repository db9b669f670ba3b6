import { familyOf, sameAddress } from '../address.ts';
import type { ServiceObject, ServicePort } from '../model/apiObjects.ts';
import type { PlacedQuestion } from '../model/routeAnswer.ts';
import type { TracedPacket } from '../netfilter/packet.ts';
import { lookUpRoute } from '../route/lookUp.ts';
import type { Place, Port, Topology } from '../topology.ts';
import type { PathEndpoint } from './endpoint.ts';
import { nodePortService } from './nodePorts.ts';
import type { OneWayPath } from './oneWayPath.ts';
import { type Backend, backendsOf, servicePort, usableBackends } from './serviceBackends.ts';
import { Walk } from './walk.ts';

/** The path to follow. */
export interface PathRequest {
  readonly from: PathEndpoint;
  /** If absent, only the path out of `from` is followed. */
  readonly to?: PathEndpoint;
  readonly protocol: 'tcp' | 'udp';
  readonly port?: number;
  /** The requested family; by default, IPv4 if both ends have it. */
  readonly family?: 4 | 6;
}

export interface TracedService {
  readonly object: ServiceObject;
  readonly port?: ServicePort;
  readonly backends?: readonly Backend[];
  /** The node whose port was requested (NodePort); absent if the service's own address was requested. */
  readonly nodePortOf?: string;
}

/** A path in both directions, according to the facts. */
export interface PathTrace {
  readonly request: PathRequest;
  readonly topology: Topology;
  /** The forward path, and the reverse path if the packet arrived. Without a destination, only the forward path. */
  readonly paths: readonly OneWayPath[];
  readonly source: string;
  readonly destination: string;
  /** The port at the destination, after translation. */
  readonly finalPort?: number;
  /** The place where the packet arrived or should have arrived. */
  readonly destinationPlace?: Place;
  /** The requested service, by its own address or by a node port, and its endpoints. */
  readonly service?: TracedService;
  /** A bridge by which the answer bypasses the network layer of the node that translated the destination. */
  readonly untranslatedAt?: Port;
  /** Questions to ask the kernels. */
  readonly questions: readonly PlacedQuestion[];
}

/**
 * Reserved addresses without an owner (RFC 5737, RFC 3849), used as the destination of a path to the outside. No
 * packets are sent to them.
 */
const OUTSIDE_ADDRESS = { 4: '192.0.2.1', 6: '2001:db8::1' } as const;

/** Follows the packet to its destination, and the answer back. */
export function tracePath(topology: Topology, request: PathRequest): PathTrace {
  const { from, to, protocol } = request;
  const family = commonFamily(request);
  const start = from.kind === 'pod' || from.kind === 'node' ? from.place : undefined;
  const destination =
    to === undefined ? OUTSIDE_ADDRESS[family] : (addressOfFamily(to.addresses, family) ?? '');
  if (destination === '') return traceWithoutPath(topology, request, family);
  const source = chooseSource(
    topology,
    start,
    destination,
    addressOfFamily(from.addresses, family),
  );
  const service = findService(topology, request, family);
  const backend = chooseBackend(service);
  const isHeadless = to?.kind === 'service' && to.service.clusterAddresses.length === 0;
  const port = request.port ?? (isHeadless ? backend?.port : service?.port?.port);
  const destinationPlace = placeOfDestination(
    topology,
    to,
    (to?.kind === 'service' ? backend?.address : undefined) ?? destination,
  );
  const packet: TracedPacket = {
    source,
    destination,
    protocol,
    ...(port !== undefined && { destinationPort: port }),
    mark: 0,
    connectionMark: 0,
    state: 'new',
  };
  const base = { request, topology, source, destination, ...(service && { service }) };
  const forwardWalk = new Walk(topology, 'there', packet, destinationPlace);
  forwardWalk.backend = backend;
  forwardWalk.isService = service !== undefined && !isHeadless;
  const forwardPath =
    start === undefined
      ? walkFromElsewhere(topology, forwardWalk, from, family)
      : forwardWalk.sendFrom(start);
  if (forwardPath === undefined) return { ...base, paths: [], questions: [] };
  const reachedPlace = forwardWalk.destinationPlace;
  const reached = {
    ...base,
    ...(reachedPlace && { destinationPlace: reachedPlace }),
    ...(forwardWalk.packet.destinationPort !== undefined && {
      finalPort: forwardWalk.packet.destinationPort,
    }),
  };
  if (to === undefined)
    return { ...reached, paths: [forwardPath], questions: forwardWalk.questions };
  const reply = replyTo(forwardWalk, packet);
  if (reachedPlace === undefined || reply === undefined) {
    return { ...reached, paths: [forwardPath], questions: forwardWalk.questions };
  }
  const reverseWalk = new Walk(topology, 'back', reply, start);
  reverseWalk.undo = forwardWalk.translated;
  reverseWalk.connectionMarks = forwardWalk.connectionMarks;
  const reversePath = reverseWalk.sendFrom(reachedPlace);
  const untranslatedAt = forwardWalk.translated.some(({ kind }) => kind === 'dnat')
    ? findTranslationBypass(forwardWalk, reverseWalk)
    : undefined;
  return {
    ...reached,
    paths: [forwardPath, reversePath],
    questions: [...forwardWalk.questions, ...reverseWalk.questions],
    ...(untranslatedAt && { untranslatedAt }),
  };
}

/** The trace for a destination without an address, such as a headless service without endpoints. */
function traceWithoutPath(topology: Topology, request: PathRequest, family: 4 | 6): PathTrace {
  const service = findService(topology, request, family);
  const source = addressOfFamily(request.from.addresses, family) ?? '';
  return {
    request,
    topology,
    source,
    destination: '',
    paths: [],
    questions: [],
    ...(service && { service }),
  };
}

/** The family of the packet: the requested one, otherwise IPv4 if both ends have it, otherwise IPv6. */
export function commonFamily({ from, to, family }: PathRequest): 4 | 6 {
  const hasFamily = (endpoint: PathEndpoint | undefined, addressFamily: 4 | 6) =>
    endpoint === undefined ||
    endpoint.addresses.some((address) => familyOf(address) === addressFamily);
  if (family !== undefined) return family;
  return hasFamily(from, 4) && hasFamily(to, 4) ? 4 : 6;
}

function addressOfFamily(addresses: readonly string[], family: 4 | 6): string | undefined {
  return addresses.find((address) => familyOf(address) === family);
}

/** The source address that the kernel chooses for a socket: that of the route, otherwise one of the outgoing device. */
function chooseSource(
  topology: Topology,
  start: Place | undefined,
  destination: string,
  preferred: string | undefined,
): string {
  const route = start && lookUpRoute(start.network, { to: destination })?.route;
  const deviceAddresses = start && topology.device(start, route?.device)?.link.addresses;
  const isAssigned = deviceAddresses?.some(
    ({ address }) => preferred !== undefined && sameAddress(address, preferred),
  );
  if (route?.preferredSource !== undefined) return route.preferredSource;
  const globalAddress = deviceAddresses?.find(
    ({ address, scope }) => scope === 'global' && familyOf(address) === familyOf(destination),
  )?.address;
  return (isAssigned ? preferred : globalAddress) ?? preferred ?? '';
}

function findService(
  topology: Topology,
  { to, port, protocol }: PathRequest,
  family: 4 | 6,
): TracedService | undefined {
  if (to?.kind === 'node') {
    const nodePort = nodePortService(topology, port, protocol);
    if (nodePort === undefined) return undefined;
    const backends = backendsOf(topology, nodePort.service, nodePort.port, family);
    const nodePortFacts = {
      object: nodePort.service,
      port: nodePort.port,
      nodePortOf: to.node.name,
    };
    return { ...nodePortFacts, ...(backends && { backends }) };
  }
  if (to?.kind !== 'service') return undefined;
  // Names of a headless service resolve to its pods, whatever the port.
  const isHeadless = to.service.clusterAddresses.length === 0;
  const requestedPort = servicePort(to.service, isHeadless ? undefined : port, protocol);
  const backends = requestedPort && backendsOf(topology, to.service, requestedPort, family);
  return {
    object: to.service,
    ...(requestedPort && { port: requestedPort }),
    ...(backends && { backends }),
  };
}

/** The endpoint to follow, out of those that get new connections. */
function chooseBackend(service: TracedService | undefined): Backend | undefined {
  const usable = usableBackends(service?.backends ?? []);
  const prefersLocal = service?.nodePortOf !== undefined;
  const local = usable.find(({ node }) => node === service?.nodePortOf);
  return (prefersLocal ? local : undefined) ?? usable[0];
}

function placeOfDestination(
  topology: Topology,
  to: PathEndpoint | undefined,
  address: string,
): Place | undefined {
  if (to === undefined || to.kind === 'address') return undefined;
  if (to.kind === 'pod' || to.kind === 'node') return to.place;
  const pod = topology.podsWithAddress(address)[0];
  return pod && topology.placeOfPod(pod);
}

/**
 * A path from outside enters by the device that the node uses for outgoing packets. One from a pod or node that could
 * not be read is unknown: it may enter by any device, such as a tunnel.
 */
function walkFromElsewhere(
  topology: Topology,
  walk: Walk,
  from: PathEndpoint,
  family: 4 | 6,
): OneWayPath | undefined {
  const { destinationPlace } = walk;
  if (from.kind === 'pod' || from.kind === 'node') {
    const name = from.kind === 'pod' ? `pod ${from.pod.name}` : `node ${from.node.name}`;
    if (destinationPlace === undefined) return undefined;
    walk.addDoubt(destinationPlace, name, 'its node could not be read');
    const hops = [{ kind: 'unknown', detail: name }];
    const { direction, unknown } = walk;
    return { direction, hops, decisions: [], nat: [], faults: [], unknown, end: 'unknown' };
  }
  const host = destinationPlace && topology.hostPlace(destinationPlace.node);
  if (host === undefined) return undefined;
  const outgoing = new Walk(
    topology,
    'back',
    { ...walk.packet, destination: OUTSIDE_ADDRESS[family], source: '' },
    undefined,
  );
  const { route } = outgoing.findRoute(host);
  const port = topology.device(host, route?.device);
  if (port === undefined) return undefined;
  walk.hops.push({ kind: 'outside', detail: walk.packet.source });
  walk.addHop(port);
  return walk.receiveFromOutside(port);
}

/** The first packet of the answer, from the address that was reached to the source address that arrived there. */
function replyTo(walk: Walk, request: TracedPacket): TracedPacket | undefined {
  const { packet, destinationPlace, topology } = walk;
  if (destinationPlace === undefined) return undefined;
  // A packet that was dropped before its service address was translated gets no answer.
  const isUntranslated = walk.isService && sameAddress(packet.destination, request.destination);
  if (isUntranslated && topology.hasAddress(destinationPlace, packet.destination) === false)
    return undefined;
  return {
    source: packet.destination,
    destination: packet.source === '' ? request.source : packet.source,
    protocol: packet.protocol,
    ...(packet.destinationPort !== undefined && { sourcePort: packet.destinationPort }),
    mark: 0,
    state: 'established',
    ...(packet.destinationTranslated && { destinationTranslated: true }),
    ...(packet.sourceTranslated && { sourceTranslated: true }),
  };
}

/**
 * The bridge by which answers bypass a translation. If a node translated the destination of a connection, the
 * answers must pass that node's network layer. Over a bridge, they only do so if the bridge calls iptables.
 */
function findTranslationBypass(forwardWalk: Walk, reverseWalk: Walk): Port | undefined {
  const translator = forwardWalk.translated.find(({ kind }) => kind === 'dnat');
  const bridge = reverseWalk.bridged.find(({ network }) => network.inode === translator?.netns);
  if (translator === undefined || bridge === undefined) return undefined;
  const isPassed = reverseWalk.visited.has(translator.netns);
  const sysctl = bridge.network.sysctls?.['bridge/bridge-nf-call-iptables'];
  const callsIptables = sysctl === '1' || bridge.link.data.nf_call_iptables === 1;
  return isPassed || callsIptables ? undefined : bridge;
}
