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

/** What is to be followed. */
export interface PathRequest {
  readonly from: PathEndpoint;
  /** Without it, the way out of `from`. */
  readonly to?: PathEndpoint;
  readonly protocol: 'tcp' | 'udp';
  readonly port?: number;
  /** Preferred where both ends have both. */
  readonly family?: 4 | 6;
}

export interface TracedService {
  readonly object: ServiceObject;
  readonly port?: ServicePort;
  readonly backends?: readonly Backend[];
  /** Set where a port of this node was requested (NodePort), and not the service's own address. */
  readonly nodePortOf?: string;
}

/** A path in both directions, as the facts tell it. */
export interface PathTrace {
  readonly request: PathRequest;
  readonly wiring: Wiring;
  /** There, and back where the packet arrived; one alone without a destination. */
  readonly ways: readonly Way[];
  readonly source: string;
  readonly destination: string;
  /** The port at the destination, after translation. */
  readonly finalPort?: number;
  /** Where the packet arrived, or should. */
  readonly aim?: Place;
  /** Of a service, by its own address or by a port of a node: what is behind it. */
  readonly service?: TracedService;
  /** Bridges that the answer crosses beside the network layer of the node that translated. */
  readonly untranslatedAt?: Port;
  /** What the kernel should be asked. */
  readonly questions: readonly PlacedQuestion[];
}

/** Addresses without an owner (RFC 5737, RFC 3849): for a path to the outside. Nothing is sent there. */
const ANYWHERE = { 4: '192.0.2.1', 6: '2001:db8::1' } as const;

/** Follows the packet there, and the answer back. */
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

/** The destination has no address, such as a headless service without endpoints. */
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

/** The family of the packet: IPv4 where both ends have it, unless the other is requested. */
export function commonFamily({ from, to, family }: PathRequest): 4 | 6 {
  const has = (endpoint: PathEndpoint | undefined, wanted: 4 | 6) =>
    endpoint === undefined || endpoint.addresses.some((address) => familyOf(address) === wanted);
  if (family !== undefined) return family;
  return has(from, 4) && has(to, 4) ? 4 : 6;
}

function pick(addresses: readonly string[], family: 4 | 6): string | undefined {
  return addresses.find((address) => familyOf(address) === family);
}

/** The address that a socket gets unless it chooses: that of the route, else of the device that it leads out of. */
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
  // Names of a headless one lead to its pods, whatever their port.
  const isHeadless = to.service.clusterAddresses.length === 0;
  const own = servicePort(to.service, isHeadless ? undefined : port, protocol);
  const backends = own && backendsOf(wiring, to.service, own, family);
  return { object: to.service, ...(own && { port: own }), ...(backends && { backends }) };
}

/** The one that is followed of those that new connections are sent to. */
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

/** From outside: in by the device that the node's way out leads through. */
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

/** The first packet of the answer, from the address that was reached to the one that it saw. */
function answerTo(walk: Walk, asked: TracedPacket): TracedPacket | undefined {
  const { packet, aim, wiring } = walk;
  if (aim === undefined) return undefined;
  // What is dropped before a service's address is translated has no answer.
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
 * A connection whose destination was translated by a node needs its answers to pass that node's network
 * layer; over a bridge they pass it only where bridges call iptables.
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
