import type { PlacedQuestion } from '../model/routeAnswer.ts';
import type { TracedPacket } from '../netfilter/packet.ts';
import type { Hook, RuleLayer } from '../netfilter/ruleset.ts';
import type { Place, Port } from '../wiring.ts';
import type { Way } from './way.ts';
import type { WayRecord } from './wayRecord.ts';

/** The devices by which a packet came to a hook and will leave it, as far as rules can ask for them. */
export type DevicesOfPacket = Partial<
  Pick<TracedPacket, 'inDevice' | 'outDevice' | 'inPort' | 'outPort'>
>;

/** A walk as its steps see it: they take the packet from a device to the next one, and say how the way ends. */
export interface WalkState extends WayRecord {
  /** Where it is to come out; undefined for an address outside. */
  readonly aim: Place | undefined;
  /** The bridge port by which the packet last came to the network layer of a node. */
  enteredBy: Port | undefined;
  /** Bridges that the packet crossed from port to port, without the node's own network layer. */
  readonly bridged: Port[];
  /** Namespaces whose network layer the packet passed. */
  readonly visited: ReadonlySet<number>;
  /** The destination is a service's address. */
  readonly isService: boolean;
  readonly questions: PlacedQuestion[];
  /** Sends the packet from a namespace of its own address. */
  from(start: Place): Way;
  /** What a namespace does with a packet that came in by a device of the network layer. */
  arrive(port: Port): Way['end'];
  /** Sends the packet through the rules of a hook; what they change of it is kept. */
  rules(
    place: Place,
    hook: Hook,
    devices: DevicesOfPacket,
    layer?: RuleLayer,
  ): 'passed' | 'stopped';
  /** A walk of another packet over the same wiring, such as the one that carries this one. */
  another(packet: TracedPacket, aim: Place): WalkState;
}
