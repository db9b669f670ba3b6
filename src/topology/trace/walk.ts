import { sameAddress } from '../address.ts';
import type { PlacedQuestion } from '../model/routeAnswer.ts';
import { type Decision, decide } from '../netfilter/decision.ts';
import { parseIpvs } from '../netfilter/ipvs.ts';
import type { TracedPacket } from '../netfilter/packet.ts';
import type { Hook, RuleLayer } from '../netfilter/ruleset.ts';
import { decideRoute, type RouteDecision, routeText } from '../route/decideRoute.ts';
import type { Place, Port, Wiring } from '../wiring.ts';
import { crossSegment } from './crossSegment.ts';
import { crossTunnel, isTunnel } from './crossTunnel.ts';
import { noteDrop } from './dropFault.ts';
import { judgeRoute } from './judgeRoute.ts';
import { checkRouteAgainstOthers } from './routeComparison.ts';
import { questionFor } from './routeQuestion.ts';
import { rulesetOf, surroundingsOf } from './rulesAt.ts';
import type { Backend } from './serviceBackends.ts';
import { isSidecars } from './sidecars.ts';
import { type Translated, translationOf } from './translation.ts';
import type { DevicesOfPacket, WalkState } from './walkState.ts';
import type { Direction, Way } from './way.ts';
import { WayRecord } from './wayRecord.ts';

/** A packet that passes more namespaces and sending devices than this is in a loop. */
const MOST_STEPS = 24;

/**
 * Follows one packet from a namespace to where it ends, according to the links, routes, neighbours, forwarding
 * tables and rules of the namespaces. Device names have no meaning here.
 */
export class Walk extends WayRecord implements WalkState {
  /** The intended destination; undefined for an address outside. Translation changes it. */
  aim: Place | undefined;
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

  constructor(wiring: Wiring, direction: Direction, packet: TracedPacket, aim: Place | undefined) {
    super(wiring, direction, packet);
    this.aim = aim;
  }

  /** Sends the packet from a namespace that has the source address. */
  from(start: Place): Way {
    return this.#finish(this.#send(start));
  }

  /** A walk of another packet over the same wiring, such as the outer packet of a tunnel. */
  another(packet: TracedPacket, aim: Place): Walk {
    return new Walk(this.wiring, this.direction, packet, aim);
  }

  /** Lets the packet arrive on a device, as if from outside. */
  into(port: Port): Way {
    return this.#finish(this.arrive(port));
  }

  #finish(end: Way['end']): Way {
    const { direction, hops, decisions, nat, faults, unknown } = this;
    return { direction, hops, decisions, nat, faults, unknown, end };
  }

  #send(place: Place): Way['end'] {
    this.#enter(place);
    const first = this.route(place);
    let route = first;
    if (this.#knowsRules(place)) {
      const before = this.packet;
      const device = first.route?.device;
      const verdict = this.rules(
        place,
        'output',
        device === undefined ? {} : { outDevice: device },
      );
      if (verdict === 'stopped') return verdict;
      if (isSidecars(this.wiring, place, before, this.packet)) {
        this.doubt(
          place,
          'mesh sidecar',
          `rules of the pod redirect its connections to a local process at port ${this.packet.destinationPort}; followed as if that process opened the same connection`,
        );
        this.packet = before;
      }
      if (before.destination !== this.packet.destination) route = this.route(place);
    }
    return this.#leave(place, route, undefined);
  }

  /** Handles a packet that arrives on a device of the network layer. */
  arrive(port: Port): Way['end'] {
    if (this.#isLooping(port)) return 'stopped';
    const device = port.link.name;
    if (this.rules(port, 'ingress', { inDevice: device }, 'device') === 'stopped') return 'stopped';
    const place = { node: port.node, network: port.network };
    this.visited.add(port.network.inode);
    this.#enter(place);
    this.#translateBack(place);
    if (this.rules(place, 'prerouting', { inDevice: device }) === 'stopped') return 'stopped';
    this.#translateService(place);
    return this.#leave(place, this.route(place, device), device);
  }

  /** A packet loses its mark when it enters another namespace. Each namespace has its own mark for the connection. */
  #enter({ network: { inode } }: Place): void {
    const connectionMark = this.connectionMarks.get(inode) ?? 0;
    this.packet = { ...this.packet, connectionMark, ...(inode !== this.#inode && { mark: 0 }) };
    this.#inode = inode;
  }

  #isLooping(port: Port): boolean {
    if (++this.#steps <= MOST_STEPS) return false;
    this.fault('routing-loop', port, `${this.#steps} devices and namespaces passed`, {
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
    if (!this.isService || this.packet.destinationTranslated === true || !this.wiring.isHost(place))
      return;
    const { destination, destinationPort, protocol } = this.packet;
    const ipvs = parseIpvs(place.network.netfilter?.ipvs ?? '').find(
      (one) =>
        sameAddress(one.address, destination) &&
        one.port === destinationPort &&
        one.protocol === protocol,
    );
    const servers = ipvs?.servers.filter(({ weight }) => weight !== 0) ?? [];
    const chosen = servers.find(({ address }) => address === this.backend?.address) ?? servers[0];
    if (chosen !== undefined) {
      this.#translate(
        place,
        chosen,
        servers.slice(1).map(({ address, port }) => `${address}:${port}`),
        `ipvs ${protocol} ${destination}:${destinationPort}`,
      );
    } else if (
      ipvs === undefined &&
      place.network.netfilter === undefined &&
      this.backend !== undefined
    ) {
      this.doubt(
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
    this.#keepTranslated(place, {
      ...this.packet,
      destination: to.address,
      destinationPort: to.port,
      destinationTranslated: true,
    });
  }

  /** Notes what a translation changed. A new destination address changes the intended destination. */
  #keepTranslated({ network }: Place, after: TracedPacket): void {
    const before = this.packet;
    if (before.destination !== after.destination) {
      this.translated.push({
        netns: network.inode,
        kind: 'dnat',
        from: before.destination,
        to: after.destination,
      });
      const [owner] = this.wiring.withAddress(after.destination);
      const pod = this.wiring.podsWithAddress(after.destination)[0];
      this.aim = (pod && this.wiring.placeOfPod(pod)) ?? owner;
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
  #leave(place: Place, decision: RouteDecision, inDevice: string | undefined): Way['end'] {
    const judged = judgeRoute(this.wiring, place, this.packet, decision, inDevice);
    this.faults.push(...judged.faults);
    if (judged.kind === 'stopped') {
      if (judged.faults.some(({ kind }) => kind === 'route-missing')) {
        if (!this.wiring.isHost(place)) this.noteDownLinks(place);
      }
      return 'stopped';
    }
    if (judged.kind === 'local') return this.#deliver(place, inDevice);
    if (judged.kind === 'unknown') {
      this.doubt(place, 'route', judged.why);
      return 'unknown';
    }
    const { device, nextHop } = judged;
    const out = this.wiring.device(place, device);
    if (out === undefined) {
      this.doubt(place, `device ${device}`, 'the links of this namespace could not be read');
      return 'unknown';
    }
    const devices = { outDevice: device, ...(inDevice !== undefined && { inDevice }) };
    if (inDevice !== undefined && this.rules(place, 'forward', devices) === 'stopped') {
      return 'stopped';
    }
    if (this.rules(place, 'postrouting', { outDevice: device }) === 'stopped') return 'stopped';
    const routeFaults = checkRouteAgainstOthers(this, place, judged);
    this.faults.push(...routeFaults);
    return this.transmit(out, nextHop, judged.route.mtu);
  }

  #deliver(place: Place, inDevice: string | undefined): Way['end'] {
    const devices = inDevice === undefined ? {} : { inDevice };
    if (inDevice !== undefined && this.rules(place, 'input', devices) === 'stopped')
      return 'stopped';
    if (this.aim === undefined || this.aim.network === place.network) return 'delivered';
    const own = this.wiring.device(place, inDevice);
    this.fault(
      'duplicate-address',
      own ?? place,
      `${this.packet.destination} is also an address here`,
      {
        address: this.packet.destination,
        here: this.nameOf(place),
        there: this.nameOf(this.aim),
      },
    );
    return 'stopped';
  }

  /** Sends the packet out of a device to a next hop on its segment. */
  transmit(port: Port, nextHop: string, routeMtu?: number): Way['end'] {
    if (this.#isLooping(port)) return 'stopped';
    const mtu = routeMtu === undefined ? '' : `, route mtu ${routeMtu}`;
    const end = this.pass(port, `next hop ${nextHop}${mtu}`);
    if (end !== undefined) return end;
    const leaving = { outDevice: port.link.name };
    if (this.rules(port, 'egress', leaving, 'device') === 'stopped') return 'stopped';
    if (port.link.type === 'loopback') {
      this.fault('route-wrong', port, `next hop ${nextHop} dev ${port.link.name}`, {
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
  route(place: Place, inputDevice?: string): RouteDecision {
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

  #knowsRules({ network }: Place): boolean {
    return network.netfilter !== undefined;
  }

  /** Passes the packet through the rules of a hook, and keeps their changes to it. */
  rules(
    place: Place,
    hook: Hook,
    devices: DevicesOfPacket,
    layer: RuleLayer = 'network',
  ): 'passed' | 'stopped' {
    const ruleset = rulesetOf(place.network);
    if (ruleset === undefined) return 'passed';
    const {
      inDevice: _in,
      outDevice: _out,
      inPort: _inPort,
      outPort: _outPort,
      ...bare
    } = this.packet;
    const asked: TracedPacket = { ...bare, ...devices };
    const surroundings = surroundingsOf(this.wiring, place);
    const decision = decide(ruleset, hook, asked, surroundings, layer);
    this.#noteRules(place, hook, decision);
    if (decision.verdict === 'drop' || decision.verdict === 'reject') {
      noteDrop(this, place, hook, decision, asked);
      return 'stopped';
    }
    if (decision.verdict === 'unknown') {
      this.doubt(place, `${hook} rules`, decision.doubts.join('; '));
    }
    const translations = translationOf(place, asked, decision);
    this.nat.push(...translations);
    this.#keepTranslated(place, this.#chosen(decision).packet);
    return 'passed';
  }

  /**
   * Chooses a way if the rules choose at random: the one to the endpoint being followed, otherwise the one to the
   * intended destination.
   */
  #chosen(decision: Decision): Decision['ways'][number] {
    const [first] = decision.ways;
    const { backend } = this;
    const read = decision.ways.find(
      ({ packet }) => backend !== undefined && sameAddress(packet.destination, backend.address),
    );
    const aimed =
      read ??
      decision.ways.find(
        ({ packet }) =>
          this.aim !== undefined && this.wiring.hasAddress(this.aim, packet.destination) === true,
      );
    return aimed ?? first ?? { packet: this.packet, passed: [] };
  }

  #noteRules(place: Place, hook: Hook, decision: Decision): void {
    if (decision.passed.length === 0 && decision.verdict === 'accept') return;
    this.decisions.push({
      node: place.node.name,
      netns: place.network.inode,
      kind: 'rules',
      by: 'tables',
      hook,
      decision: decision.verdict,
      rules: decision.passed,
    });
  }
}
