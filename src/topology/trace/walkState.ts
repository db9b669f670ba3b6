import type { PlacedQuestion } from '../model/routeAnswer.ts';
import type { DevicesOfPacket, TracedPacket } from '../netfilter/packet.ts';
import type { Hook, RuleLayer } from '../netfilter/ruleset.ts';
import type { Place, Port } from '../topology.ts';
import type { OneWayPath } from './oneWayPath.ts';
import type { PathRecorder } from './pathRecorder.ts';

/** A walk as seen by its steps, which move the packet from one device to the next and return how the path ends. */
export interface WalkState extends PathRecorder {
  /** The intended destination; undefined for an address outside. */
  readonly destinationPlace: Place | undefined;
  /** The bridge port on which the packet last reached the network layer of a node. */
  enteredBy: Port | undefined;
  /** Bridges that the packet crossed from port to port, without passing the node's network layer. */
  readonly bridged: Port[];
  /** The namespaces whose network layer the packet has passed. */
  readonly visited: ReadonlySet<number>;
  /** Whether the destination is a service's address. */
  readonly isService: boolean;
  readonly questions: PlacedQuestion[];
  /** Sends the packet from a namespace that has the source address. */
  sendFrom(start: Place): OneWayPath;
  /** Handles a packet that arrives on a device of the network layer. */
  receive(port: Port): OneWayPath['end'];
  /** Passes the packet through the rules of a hook, and keeps their changes to it. */
  applyRules(
    place: Place,
    hook: Hook,
    devices: DevicesOfPacket,
    layer?: RuleLayer,
  ): 'passed' | 'stopped';
  /** A walk of another packet in the same topology, such as the outer packet of a tunnel. */
  walkOf(packet: TracedPacket, destinationPlace: Place): WalkState;
}
