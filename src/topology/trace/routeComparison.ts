import type { Route } from '../../tools/ip/route.ts';
import { familyOf, isWithin } from '../address.ts';
import { routeText } from '../route/decideRoute.ts';
import { lookUpRoute, prefixOfRoute } from '../route/lookUp.ts';
import type { Place, Port } from '../topology.ts';
import { isTunnel } from './crossTunnel.ts';
import type { Fault } from './oneWayPath.ts';
import type { WalkState } from './walkState.ts';

/** The route that the packet takes next. */
interface ForwardingRoute {
  readonly device: string;
  readonly nextHop: string;
  readonly matched: Route;
}

/**
 * Compares a route with the node's other routes, and with the routes of the node at the far end. A path that is
 * merely unusual for a plugin is not a fault. So only nodes of the same cluster are compared, and only for
 * addresses of pods whose node is known.
 */
export function checkRouteAgainstOthers(
  walk: WalkState,
  place: Place,
  judged: ForwardingRoute,
): Fault[] {
  const { topology, destinationPlace } = walk;
  if (
    destinationPlace === undefined ||
    !topology.isHost(place) ||
    topology.isHost(destinationPlace)
  )
    return [];
  // The destination is an address of the node, because the answer goes to a masqueraded sender.
  if (topology.hasAddress(destinationPlace, walk.packet.destination) === false) return [];
  const route = judged.matched;
  return destinationPlace.node === place.node
    ? localFaults(walk, place, judged.device, route)
    : remoteFaults(walk, place, judged);
}

/**
 * Whether the next hop is an address of the far node on the wire. Then the packet reaches that node, however other
 * routes look.
 */
function leadsToNodeOf(destinationPlace: Place, { topology }: WalkState, nextHop: string): boolean {
  return topology
    .devicesWithAddress(nextHop)
    .some(
      (port) =>
        port.node === destinationPlace.node && topology.isHost(port) && !isTunnel(port.link),
    );
}

/** Checks a route to a pod of this node: it must not use a device that leads out of the node. */
function localFaults(walk: WalkState, place: Place, device: string, route: Route): Fault[] {
  const { topology, destinationPlace, packet } = walk;
  if (destinationPlace === undefined) return [];
  const ends = (destinationPlace.network.links ?? []).flatMap((link) => {
    const end = topology.otherEnd({ ...destinationPlace, link });
    return end === undefined || end.network !== place.network ? [] : [end];
  });
  const attached = ends.flatMap((end) => [
    end.link.name,
    ...(end.link.master ? [end.link.master] : []),
  ]);
  const leaving = topology.device(place, device);
  if (attached.length === 0 || attached.includes(device) || leaving?.link.kind === 'vrf') return [];
  walk.addDownLinkFaults(place, attached);
  const isGeneral = (prefixOfRoute(route)?.length ?? 0) === 0;
  return [
    faultOf(walk, place, isGeneral ? 'route-missing' : 'route-wrong', route, {
      destination: packet.destination,
      device,
      expected: attached.at(-1) ?? '',
      prefix: packet.destination,
    }),
  ];
}

/** Checks a route to a pod of another node against the routes to other nodes, and against that node's route back. */
function remoteFaults(walk: WalkState, place: Place, judged: ForwardingRoute): Fault[] {
  const { device, nextHop, matched: route } = judged;
  const { topology, destinationPlace, packet } = walk;
  const out = topology.device(place, device);
  const remoteHost = destinationPlace && topology.hostPlace(destinationPlace.node);
  if (destinationPlace === undefined || out === undefined || remoteHost === undefined) return [];
  const back = returnRoute(walk, place, remoteHost);
  const ownRoute = siblingRoute(walk, place);
  const model = ownRoute ?? back;
  if (model === undefined) return [];
  const modelPlace = ownRoute === undefined ? remoteHost : place;
  const modelDevice = topology.device(modelPlace, model.device);
  const modelTunnels = modelDevice !== undefined && isTunnel(modelDevice.link);
  const isGeneral = (prefixOfRoute(route)?.length ?? 0) === 0;
  const modelIsGeneral = (prefixOfRoute(model)?.length ?? 0) === 0;
  const isGuessed = isGeneral && !modelIsGeneral && !leadsToNodeOf(destinationPlace, walk, nextHop);
  const differs = (modelTunnels && !isTunnel(out.link)) || isGuessed;
  if (!differs || modelIsGeneral) return [];
  const kind = isGeneral ? 'route-missing' : 'route-wrong';
  const cidr = topology.facts.objects.nodes
    ?.find(({ name }) => name === destinationPlace.node.name)
    ?.podCidrs.find((podCidr) => isWithin(podCidr, packet.destination));
  const tunnel = modelTunnels ? counterpart(place, modelDevice) : undefined;
  if (tunnel !== undefined) walk.addDownLinkFaults(place, [tunnel]);
  return [
    faultOf(walk, place, kind, route, {
      destination: packet.destination,
      device,
      expected: modelTunnels ? (tunnel ?? modelDevice.link.name) : (model.device ?? ''),
      prefix: cidr ?? packet.destination,
      model: `${routeText(model)} on ${modelPlace.node.name}`,
      nextHop: vtepAddress(walk, destinationPlace.node.name, modelDevice) ?? '',
    }),
  ];
}

/** The route of the far node to pods of this node. */
function returnRoute(walk: WalkState, place: Place, remoteHost: Place): Route | undefined {
  const { source, destination } = walk.packet;
  const cidr = walk.topology.facts.objects.nodes
    ?.find(({ name }) => name === place.node.name)
    ?.podCidrs.find((podCidr) => familyOf(podCidr) === familyOf(destination));
  const isOwnPod = walk.topology
    .devicesWithAddress(source)
    .some((port) => port.node === place.node && !walk.topology.isHost(port));
  const address = isOwnPod ? source : cidr?.split('/')[0];
  if (address === undefined || address === '') return undefined;
  // Routed like an answer, because rules may select a table by the source address.
  const candidate = lookUpRoute(remoteHost.network, { to: address, from: destination })?.route;
  return candidate?.type === 'unicast' ? candidate : undefined;
}

/** This node's route to the pods of another node than the packet's. */
function siblingRoute(walk: WalkState, place: Place): Route | undefined {
  const { destinationPlace } = walk;
  for (const { name, podCidrs } of walk.topology.facts.objects.nodes ?? []) {
    if (name === place.node.name || name === destinationPlace?.node.name) continue;
    const address = podCidrs
      .find((cidr) => cidr.includes(':') === walk.packet.destination.includes(':'))
      ?.split('/')[0];
    const { source } = walk.packet;
    const question = { to: address ?? '', ...(source !== '' && { from: source }) };
    const candidate = address && lookUpRoute(place.network, question)?.route;
    if (candidate && candidate.type === 'unicast' && (prefixOfRoute(candidate)?.length ?? 0) > 0)
      return candidate;
  }
  return undefined;
}

/** The tunnel device of a node that corresponds to one of another node. A node may have one for each family. */
function counterpart(place: Place, { link: { kind, name } }: Port): string | undefined {
  const sameKind = (place.network.links ?? []).filter((link) => link.kind === kind);
  return (sameKind.find((link) => link.name === name) ?? sameKind[0])?.name;
}

/** The address of a node's tunnel device, which is the next hop of routes to its pods. */
function vtepAddress(walk: WalkState, node: string, model: Port | undefined): string | undefined {
  const nodeFacts = walk.topology.node(node);
  const host = nodeFacts && walk.topology.hostPlace(nodeFacts);
  if (host === undefined || model === undefined || !isTunnel(model.link)) return undefined;
  const family = familyOf(walk.packet.destination);
  return walk.topology
    .device(host, counterpart(host, model))
    ?.link.addresses.find(
      ({ scope, address }) => scope === 'global' && familyOf(address) === family,
    )?.address;
}

function faultOf(
  walk: WalkState,
  place: Place,
  kind: string,
  route: Route,
  values: Record<string, string>,
): Fault {
  return {
    kind,
    where: walk.whereOf(place),
    evidence: `ip route get ${values.destination}: ${routeText(route)}${values.model ? ` (compare: ${values.model})` : ''}`,
    values: { route: routeText(route), ...values },
  };
}
