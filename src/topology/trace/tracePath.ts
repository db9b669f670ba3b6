import { familyOf, sameAddress } from '../address.ts';
import type { ServiceObject, ServicePort } from '../model/apiObjects.ts';
import type { PlacedQuestion } from '../model/routeAnswer.ts';
import type { TracedPacket } from '../netfilter/packet.ts';
import { lookUpRoute } from '../route/lookUp.ts';
import type { Place, Port, Wiring } from '../wiring.ts';
import type { PathEndpoint } from './endpoint.ts';
import { nodePortService } from './nodePorts.ts';
import { type Backend, backendsOf, servicePort, usableBackends } from './serviceBackends.ts';
import { Walk } from './walk.ts';
import type { Way } from './way.ts';

/** The path to follow. */
export interface PathRequest {
  readonly from: PathEndpoint;
  /** If absent, only the way out of `from` is followed. */
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
  readonly wiring: Wiring;
  /** The way there, and the way back if the packet arrived. Without a destination, only the way there. */
  readonly ways: readonly Way[];
  readonly source: string;
  readonly destination: string;
  /** The port at the destination, after translation. */
  readonly finalPort?: number;
  /** The place where the packet arrived or should have arrived. */
  readonly aim?: Place;
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
const ANYWHERE = { 4: '192.0.2.1', 6: '2001:db8::1' } as const;

/** Follows the packet to its destination, and the answer back. */
export function tracePath(wiring: Wiring, request: PathRequest): PathTrace {
  const { from, to, protocol } = request;
  const family = commonFamily(request);
  const start = from.kind === 'pod' || from.kind === 'node' ? from.place : undefined;
  const destination = to === undefined ? ANYWHERE[family] : (pick(to.addresses, family) ?? '');
  if (destination === '') return nowhere(wiring, request, family);
  const source = sourceFor(wiring, start, destination, pick(from.addresses, family));
  const service = serviceOf(wiring, request, family);
  const backend = chosenBackend(service);
  const isHeadless = to?.kind === 'service' && to.service.clusterAddresses.length === 0;
  const port = request.port ?? (isHeadless ? backend?.port : service?.port?.port);
  const aim = aimOf(
    wiring,
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
  const base = { request, wiring, source, destination, ...(service && { service }) };
  const walk = new Walk(wiring, 'there', packet, aim);
  walk.backend = backend;
  walk.isService = service !== undefined && !isHeadless;
  const there = start === undefined ? walkIn(wiring, walk, aim, family) : walk.from(start);
  if (there === undefined) return { ...base, ways: [], questions: [] };
  const final = walk.aim;
  const known = {
    ...base,
    ...(final && { aim: final }),
    ...(walk.packet.destinationPort !== undefined && { finalPort: walk.packet.destinationPort }),
  };
  if (to === undefined) return { ...known, ways: [there], questions: walk.questions };
  const answer = answerTo(walk, packet);
  if (final === undefined || answer === undefined) {
    return { ...known, ways: [there], questions: walk.questions };
  }
  const back = new Walk(wiring, 'back', answer, start);
  back.undo = walk.translated;
  back.connectionMarks = walk.connectionMarks;
  const backWay = back.from(final);
  const untranslatedAt = walk.translated.some(({ kind }) => kind === 'dnat')
    ? missedTranslation(walk, back)
    : undefined;
  return {
    ...known,
    ways: [there, backWay],
    questions: [...walk.questions, ...back.questions],
    ...(untranslatedAt && { untranslatedAt }),
  };
}

/** The trace for a destination without an address, such as a headless service without endpoints. */
function nowhere(wiring: Wiring, request: PathRequest, family: 4 | 6): PathTrace {
  const service = serviceOf(wiring, request, family);
  const source = pick(request.from.addresses, family) ?? '';
  return {
    request,
    wiring,
    source,
    destination: '',
    ways: [],
    questions: [],
    ...(service && { service }),
  };
}

/** The family of the packet: the requested one, otherwise IPv4 if both ends have it, otherwise IPv6. */
export function commonFamily({ from, to, family }: PathRequest): 4 | 6 {
  const has = (endpoint: PathEndpoint | undefined, wanted: 4 | 6) =>
    endpoint === undefined || endpoint.addresses.some((address) => familyOf(address) === wanted);
  if (family !== undefined) return family;
  return has(from, 4) && has(to, 4) ? 4 : 6;
}

function pick(addresses: readonly string[], family: 4 | 6): string | undefined {
  return addresses.find((address) => familyOf(address) === family);
}

/** The source address that the kernel chooses for a socket: that of the route, otherwise one of the outgoing device. */
function sourceFor(
  wiring: Wiring,
  start: Place | undefined,
  destination: string,
  usual: string | undefined,
): string {
  const route = start && lookUpRoute(start.network, { to: destination })?.route;
  const own = start && wiring.device(start, route?.device)?.link.addresses;
  const isOwn = own?.some(({ address }) => usual !== undefined && sameAddress(address, usual));
  if (route?.preferredSource !== undefined) return route.preferredSource;
  const first = own?.find(
    ({ address, scope }) => scope === 'global' && familyOf(address) === familyOf(destination),
  )?.address;
  return (isOwn ? usual : first) ?? usual ?? '';
}

function serviceOf(
  wiring: Wiring,
  { to, port, protocol }: PathRequest,
  family: 4 | 6,
): TracedService | undefined {
  if (to?.kind === 'node') {
    const found = nodePortService(wiring, port, protocol);
    if (found === undefined) return undefined;
    const backends = backendsOf(wiring, found.service, found.port, family);
    const own = { object: found.service, port: found.port, nodePortOf: to.node.name };
    return { ...own, ...(backends && { backends }) };
  }
  if (to?.kind !== 'service') return undefined;
  // Names of a headless service resolve to its pods, whatever the port.
  const isHeadless = to.service.clusterAddresses.length === 0;
  const own = servicePort(to.service, isHeadless ? undefined : port, protocol);
  const backends = own && backendsOf(wiring, to.service, own, family);
  return { object: to.service, ...(own && { port: own }), ...(backends && { backends }) };
}

/** The endpoint to follow, out of those that get new connections. */
function chosenBackend(service: TracedService | undefined): Backend | undefined {
  const usable = usableBackends(service?.backends ?? []);
  const prefersLocal = service?.nodePortOf !== undefined;
  const local = usable.find(({ node }) => node === service?.nodePortOf);
  return (prefersLocal ? local : undefined) ?? usable[0];
}

function aimOf(wiring: Wiring, to: PathEndpoint | undefined, address: string): Place | undefined {
  if (to === undefined || to.kind === 'address') return undefined;
  if (to.kind === 'pod' || to.kind === 'node') return to.place;
  const pod = wiring.podsWithAddress(address)[0];
  return pod && wiring.placeOfPod(pod);
}

/** A way from outside: it comes in by the device that the node's way out uses. */
function walkIn(
  wiring: Wiring,
  walk: Walk,
  aim: Place | undefined,
  family: 4 | 6,
): Way | undefined {
  const host = aim && wiring.host(aim.node);
  if (host === undefined) return undefined;
  const out = new Walk(
    wiring,
    'back',
    { ...walk.packet, destination: ANYWHERE[family], source: '' },
    undefined,
  );
  const { route } = out.route(host);
  const port = wiring.device(host, route?.device);
  if (port === undefined) return undefined;
  walk.hops.push({ kind: 'outside', detail: walk.packet.source });
  walk.hop(port);
  return walk.into(port);
}

/** The first packet of the answer, from the address that was reached to the source address that arrived there. */
function answerTo(walk: Walk, asked: TracedPacket): TracedPacket | undefined {
  const { packet, aim, wiring } = walk;
  if (aim === undefined) return undefined;
  // A packet that was dropped before its service address was translated gets no answer.
  const isUntranslated = walk.isService && sameAddress(packet.destination, asked.destination);
  if (isUntranslated && wiring.hasAddress(aim, packet.destination) === false) return undefined;
  return {
    source: packet.destination,
    destination: packet.source === '' ? asked.source : packet.source,
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
function missedTranslation(there: Walk, back: Walk): Port | undefined {
  const translator = there.translated.find(({ kind }) => kind === 'dnat');
  const bridge = back.bridged.find(({ network }) => network.inode === translator?.netns);
  if (translator === undefined || bridge === undefined) return undefined;
  const passed = back.visited.has(translator.netns);
  const sysctl = bridge.network.sysctls?.['bridge/bridge-nf-call-iptables'];
  const calls = sysctl === '1' || bridge.link.data.nf_call_iptables === 1;
  return passed || calls ? undefined : bridge;
}
