import { sameAddress } from '../address.ts';
import type { PlacedQuestion } from '../model/routeAnswer.ts';
import { type Decision, decide } from '../netfilter/decision.ts';
import { findIpvsService } from '../netfilter/ipvs.ts';
import { atHook, type DevicesOfPacket, type TracedPacket } from '../netfilter/packet.ts';
import type { Hook, RuleLayer } from '../netfilter/ruleset.ts';
import { decideRoute, type RouteDecision, routeText } from '../route/decideRoute.ts';
import type { Place, Port, Topology } from '../topology.ts';
import { crossSegment } from './crossSegment.ts';
import { crossTunnel, isTunnel } from './crossTunnel.ts';
import { addDropFault } from './dropFault.ts';
import { evaluateRoute } from './evaluateRoute.ts';
import type { Direction, OneWayPath } from './oneWayPath.ts';
import { PathRecorder } from './pathRecorder.ts';
import { checkRouteAgainstOthers } from './routeComparison.ts';
import { questionFor } from './routeQuestion.ts';
import { contextOf, rulesetOf } from './rulesAt.ts';
import type { Backend } from './serviceBackends.ts';
import { isSidecars } from './sidecars.ts';
import { type Translated, translationOf } from './translation.ts';
import type { WalkState } from './walkState.ts';

/** A packet that passes more namespaces and sending devices than this is in a loop. */
const MAX_STEPS = 24;

/**
 * Follows one packet from a namespace to where it ends, according to the links, routes, neighbours, forwarding
 * tables and rules of the namespaces. Device names have no meaning here.
 */
export class Walk extends PathRecorder implements WalkState {
  /** The intended destination; undefined for an address outside. Translation changes it. */
  destinationPlace: Place | undefined;
  readonly questions: PlacedQuestion[] = [];
  /** The translations by rules, with their namespaces. Answers are translated back there. */
  readonly translated: Translated[] = [];
  /** The translations of the connection, if the packet is an answer. */
  undo: readonly Translated[] = [];
  /** Connection marks by namespace, because each namespace tracks the connection itself. */
  connectionMarks = new Map<number, number>();
  /** Whether the destination is a service's address; `backend` is one of its endpoints from the API server. */
  isService = false;
  backend: Backend | undefined;
  /** The namespaces whose network layer the packet has passed. */
  readonly visited = new Set<number>();
  /** The bridge port on which the packet last reached the network layer of a node. */
  enteredBy: Port | undefined;
  /** Bridges that the packet crossed from port to port, without passing the node's network layer. */
  readonly bridged: Port[] = [];
  #steps = 0;
  #inode = 0;

  constructor(
    topology: Topology,
    direction: Direction,
    packet: TracedPacket,
    destinationPlace: Place | undefined,
  ) {
    super(topology, direction, packet);
    this.destinationPlace = destinationPlace;
  }

  /** Sends the packet from a namespace that has the source address. */
  sendFrom(start: Place): OneWayPath {
    return this.#finish(this.#send(start));
  }

  /** A walk of another packet in the same topology, such as the outer packet of a tunnel. */
  walkOf(packet: TracedPacket, destinationPlace: Place): Walk {
    return new Walk(this.topology, this.direction, packet, destinationPlace);
  }

  /** Lets the packet arrive on a device, as if from outside. */
  receiveFromOutside(port: Port): OneWayPath {
    return this.#finish(this.receive(port));
  }

  #finish(end: OneWayPath['end']): OneWayPath {
    const { direction, hops, decisions, nat, faults, unknown } = this;
    return { direction, hops, decisions, nat, faults, unknown, end };
  }

  #send(place: Place): OneWayPath['end'] {
    this.#enter(place);
    const initialRoute = this.findRoute(place);
    let route = initialRoute;
    if (this.#hasRules(place)) {
      const before = this.packet;
      const device = initialRoute.route?.device;
      const verdict = this.applyRules(
        place,
        'output',
        device === undefined ? {} : { outDevice: device },
      );
      if (verdict === 'stopped') return verdict;
      if (isSidecars(this.topology, place, before, this.packet)) {
        this.addDoubt(
          place,
          'mesh sidecar',
          `rules of the pod redirect its connections to a local process at port ${this.packet.destinationPort}; followed as if that process opened the same connection`,
        );
        this.packet = before;
      }
      if (before.destination !== this.packet.destination) route = this.findRoute(place);
    }
    return this.#followRoute(place, route, undefined);
  }

  /** Handles a packet that arrives on a device of the network layer. */
  receive(port: Port): OneWayPath['end'] {
    if (this.#isLooping(port)) return 'stopped';
    const device = port.link.name;
    if (this.applyRules(port, 'ingress', { inDevice: device }, 'device') === 'stopped')
      return 'stopped';
    const place = { node: port.node, network: port.network };
    this.visited.add(port.network.inode);
    this.#enter(place);
    this.#translateBack(place);
    if (this.applyRules(place, 'prerouting', { inDevice: device }) === 'stopped') return 'stopped';
    this.#translateService(place);
    return this.#followRoute(place, this.findRoute(place, device), device);
  }

  /** A packet loses its mark when it enters another namespace. Each namespace has its own mark for the connection. */
  #enter({ network: { inode } }: Place): void {
    const connectionMark = this.connectionMarks.get(inode) ?? 0;
    this.packet = { ...this.packet, connectionMark, ...(inode !== this.#inode && { mark: 0 }) };
    this.#inode = inode;
  }

  #isLooping(port: Port): boolean {
    if (++this.#steps <= MAX_STEPS) return false;
    this.addFault('routing-loop', port, `${this.#steps} devices and namespaces passed`, {
      destination: this.packet.destination,
    });
    return true;
  }

  /** Connection tracking restores the original addresses in an answer. */
  #translateBack({ network }: Place): void {
    for (const { netns, kind, from, to } of this.undo) {
      if (netns !== network.inode) continue;
      if (kind === 'snat' && sameAddress(this.packet.destination, to)) {
        this.packet = { ...this.packet, destination: from };
      }
    }
  }

  /**
   * Translates a service's address that no rule translated: by IPVS, or by the API server's endpoints if the rules
   * could not be read.
   */
  #translateService(place: Place): void {
    if (
      !this.isService ||
      this.packet.destinationTranslated === true ||
      !this.topology.isHost(place)
    )
      return;
    const { destination, destinationPort, protocol } = this.packet;
    const ipvs = findIpvsService(place.network.netfilter?.ipvs ?? '', this.packet);
    const servers = ipvs?.servers.filter(({ weight }) => weight !== 0) ?? [];
    const server = servers.find(({ address }) => address === this.backend?.address) ?? servers[0];
    if (server !== undefined) {
      this.#translate(
        place,
        server,
        servers.slice(1).map(({ address, port }) => `${address}:${port}`),
        `ipvs ${protocol} ${destination}:${destinationPort}`,
      );
    } else if (
      ipvs === undefined &&
      place.network.netfilter === undefined &&
      this.backend !== undefined
    ) {
      this.addDoubt(
        place,
        'translation of the service',
        'the rules could not be read; followed according to the API server',
      );
      this.#translate(place, this.backend, [], undefined);
    }
  }

  #translate(
    place: Place,
    to: { readonly address: string; readonly port: number },
    others: readonly string[],
    rule: string | undefined,
  ): void {
    const { destination, destinationPort } = this.packet;
    this.nat.push({
      node: place.node.name,
      kind: 'dnat',
      from: `${destination}:${destinationPort ?? ''}`,
      to: `${to.address}:${to.port}`,
      others,
      ...(rule !== undefined && { rule }),
    });
    this.#recordTranslation(place, {
      ...this.packet,
      destination: to.address,
      destinationPort: to.port,
      destinationTranslated: true,
    });
  }

  /** Notes what a translation changed. A new destination address changes the intended destination. */
  #recordTranslation({ network }: Place, after: TracedPacket): void {
    const before = this.packet;
    if (before.destination !== after.destination) {
      this.translated.push({
        netns: network.inode,
        kind: 'dnat',
        from: before.destination,
        to: after.destination,
      });
      const [owner] = this.topology.devicesWithAddress(after.destination);
      const pod = this.topology.podsWithAddress(after.destination)[0];
      this.destinationPlace = (pod && this.topology.placeOfPod(pod)) ?? owner;
    }
    if (before.source !== after.source) {
      this.translated.push({
        netns: network.inode,
        kind: 'snat',
        from: before.source,
        to: after.source,
      });
    }
    if (after.connectionMark !== undefined)
      this.connectionMarks.set(network.inode, after.connectionMark);
    this.packet = after;
  }

  /** Follows a route: into the namespace itself, or out of one of its devices. */
  #followRoute(
    place: Place,
    decision: RouteDecision,
    inDevice: string | undefined,
  ): OneWayPath['end'] {
    const outcome = evaluateRoute(this.topology, place, this.packet, decision, inDevice);
    this.faults.push(...outcome.faults);
    if (outcome.kind === 'stopped') {
      if (outcome.faults.some(({ kind }) => kind === 'route-missing')) {
        if (!this.topology.isHost(place)) this.addDownLinkFaults(place);
      }
      return 'stopped';
    }
    if (outcome.kind === 'local') return this.#deliver(place, inDevice);
    if (outcome.kind === 'unknown') {
      this.addDoubt(place, 'route', outcome.why);
      return 'unknown';
    }
    const { device, nextHop } = outcome;
    const out = this.topology.device(place, device);
    if (out === undefined) {
      this.addDoubt(place, `device ${device}`, 'the links of this namespace could not be read');
      return 'unknown';
    }
    const devices = { outDevice: device, ...(inDevice !== undefined && { inDevice }) };
    if (inDevice !== undefined && this.applyRules(place, 'forward', devices) === 'stopped') {
      return 'stopped';
    }
    if (this.applyRules(place, 'postrouting', { outDevice: device }) === 'stopped')
      return 'stopped';
    const routeFaults = checkRouteAgainstOthers(this, place, outcome);
    this.faults.push(...routeFaults);
    return this.transmit(out, nextHop, outcome.route.mtu);
  }

  #deliver(place: Place, inDevice: string | undefined): OneWayPath['end'] {
    const devices = inDevice === undefined ? {} : { inDevice };
    if (inDevice !== undefined && this.applyRules(place, 'input', devices) === 'stopped')
      return 'stopped';
    if (this.destinationPlace === undefined || this.destinationPlace.network === place.network)
      return 'delivered';
    const arrivalPort = this.topology.device(place, inDevice);
    this.addFault(
      'duplicate-address',
      arrivalPort ?? place,
      `${this.packet.destination} is also an address here`,
      {
        address: this.packet.destination,
        here: this.nameOf(place),
        there: this.nameOf(this.destinationPlace),
      },
    );
    return 'stopped';
  }

  /** Sends the packet out of a device to a next hop on its segment. */
  transmit(port: Port, nextHop: string, routeMtu?: number): OneWayPath['end'] {
    if (this.#isLooping(port)) return 'stopped';
    const mtu = routeMtu === undefined ? '' : `, route mtu ${routeMtu}`;
    const end = this.pass(port, `next hop ${nextHop}${mtu}`);
    if (end !== undefined) return end;
    const leaving = { outDevice: port.link.name };
    if (this.applyRules(port, 'egress', leaving, 'device') === 'stopped') return 'stopped';
    if (port.link.type === 'loopback') {
      this.addFault('route-wrong', port, `next hop ${nextHop} dev ${port.link.name}`, {
        destination: this.packet.destination,
        device: port.link.name,
      });
      return 'stopped';
    }
    return isTunnel(port.link)
      ? crossTunnel(this, port, nextHop)
      : crossSegment(this, port, nextHop);
  }

  /** Finds the packet's route in a namespace, and notes the decision. */
  findRoute(place: Place, inputDevice?: string): RouteDecision {
    const question = questionFor(place.network, this.packet, inputDevice);
    const decision = decideRoute(place.network, question);
    const { node, network } = place;
    if (decision.by === 'tables') {
      this.questions.push({ node: node.name, netns: network.inode, question });
    }
    this.decisions.push({
      node: node.name,
      netns: network.inode,
      kind: 'route',
      by: decision.by,
      question,
      decision:
        decision.error ??
        (decision.route
          ? routeText(decision.route)
          : network.routes
            ? 'no route'
            : 'routes not read'),
    });
    return decision;
  }

  #hasRules({ network }: Place): boolean {
    return network.netfilter !== undefined;
  }

  /** Passes the packet through the rules of a hook, and keeps their changes to it. */
  applyRules(
    place: Place,
    hook: Hook,
    devices: DevicesOfPacket,
    layer: RuleLayer = 'network',
  ): 'passed' | 'stopped' {
    const ruleset = rulesetOf(place.network);
    if (ruleset === undefined) return 'passed';
    const hookPacket = atHook(this.packet, devices);
    const context = contextOf(this.topology, place);
    const decision = decide(ruleset, hook, hookPacket, context, layer);
    this.#recordRules(place, hook, decision);
    if (decision.verdict === 'drop' || decision.verdict === 'reject') {
      addDropFault(this, place, hook, decision, hookPacket);
      return 'stopped';
    }
    if (decision.verdict === 'unknown') {
      this.addDoubt(place, `${hook} rules`, decision.doubts.join('; '));
    }
    const translations = translationOf(place, hookPacket, decision);
    this.nat.push(...translations);
    this.#recordTranslation(place, this.#chooseResult(decision).packet);
    return 'passed';
  }

  /**
   * Chooses a result if the rules choose at random: the one to the endpoint being followed, otherwise the one to the
   * intended destination.
   */
  #chooseResult(decision: Decision): Decision['results'][number] {
    const [first] = decision.results;
    const { backend } = this;
    const toBackend = decision.results.find(
      ({ packet }) => backend !== undefined && sameAddress(packet.destination, backend.address),
    );
    const toDestination =
      toBackend ??
      decision.results.find(
        ({ packet }) =>
          this.destinationPlace !== undefined &&
          this.topology.hasAddress(this.destinationPlace, packet.destination) === true,
      );
    return toDestination ?? first ?? { packet: this.packet, rules: [] };
  }

  #recordRules(place: Place, hook: Hook, decision: Decision): void {
    if (decision.rules.length === 0 && decision.verdict === 'accept') return;
    this.decisions.push({
      node: place.node.name,
      netns: place.network.inode,
      kind: 'rules',
      by: 'tables',
      hook,
      decision: decision.verdict,
      rules: decision.rules,
    });
  }
}
