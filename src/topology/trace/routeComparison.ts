import type { Route } from '../../tools/ip/route.ts';
import { familyOf, isWithin } from '../address.ts';
import { routeText } from '../route/decideRoute.ts';
import { lookUpRoute, prefixOfRoute } from '../route/lookUp.ts';
import type { Place, Port } from '../wiring.ts';
import { isTunnel } from './crossTunnel.ts';
import type { WalkState } from './walkState.ts';
import type { Fault } from './way.ts';

/** The route that the packet takes next. */
interface GoneOn {
  readonly device: string;
  readonly nextHop: string;
  readonly matched: Route;
}

/**
 * Compares a route with the node's other routes, and with the routes of the node at the far end. A way that is
 * merely unusual for a plugin is not a fault. So only nodes of the same cluster are compared, and only for
 * addresses of pods whose node is known.
 */
export function checkRouteAgainstOthers(walk: WalkState, place: Place, judged: GoneOn): Fault[] {
  const { wiring, aim } = walk;
  if (aim === undefined || !wiring.isHost(place) || wiring.isHost(aim)) return [];
  // The destination is an address of the node, because the answer goes to a masqueraded sender.
  if (wiring.hasAddress(aim, walk.packet.destination) === false) return [];
  const route = judged.matched;
  return aim.node === place.node
    ? localFaults(walk, place, judged.device, route)
    : remoteFaults(walk, place, judged);
}

/**
 * Whether the next hop is an address of the far node on the wire. Then the packet reaches that node, however other
 * routes look.
 */
function leadsToNodeOf(aim: Place, { wiring }: WalkState, nextHop: string): boolean {
  return wiring
    .withAddress(nextHop)
    .some((port) => port.node === aim.node && wiring.isHost(port) && !isTunnel(port.link));
}

/** Checks a route to a pod of this node: it must not use a device that leads out of the node. */
function localFaults(walk: WalkState, place: Place, device: string, route: Route): Fault[] {
  const { wiring, aim, packet } = walk;
  if (aim === undefined) return [];
  const ends = (aim.network.links ?? []).flatMap((link) => {
    const end = wiring.otherEnd({ ...aim, link });
    return end === undefined || end.network !== place.network ? [] : [end];
  });
  const attached = ends.flatMap((end) => [
    end.link.name,
    ...(end.link.master ? [end.link.master] : []),
  ]);
  const out = wiring.device(place, device);
  if (attached.length === 0 || attached.includes(device) || out?.link.kind === 'vrf') return [];
  walk.noteDownLinks(place, attached);
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
function remoteFaults(walk: WalkState, place: Place, judged: GoneOn): Fault[] {
  const { device, nextHop, matched: route } = judged;
  const { wiring, aim, packet } = walk;
  const out = wiring.device(place, device);
  const far = aim && wiring.host(aim.node);
  if (aim === undefined || out === undefined || far === undefined) return [];
  const back = backRoute(walk, place, far);
  const own = siblingRoute(walk, place);
  const model = own ?? back;
  if (model === undefined) return [];
  const modelPlace = own === undefined ? far : place;
  const modelDevice = wiring.device(modelPlace, model.device);
  const modelTunnels = modelDevice !== undefined && isTunnel(modelDevice.link);
  const isGeneral = (prefixOfRoute(route)?.length ?? 0) === 0;
  const modelIsGeneral = (prefixOfRoute(model)?.length ?? 0) === 0;
  const isGuessed = isGeneral && !modelIsGeneral && !leadsToNodeOf(aim, walk, nextHop);
  const differs = (modelTunnels && !isTunnel(out.link)) || isGuessed;
  if (!differs || modelIsGeneral) return [];
  const kind = isGeneral ? 'route-missing' : 'route-wrong';
  const cidr = wiring.facts.objects.nodes
    ?.find(({ name }) => name === aim.node.name)
    ?.podCidrs.find((one) => isWithin(one, packet.destination));
  const tunnel = modelTunnels ? counterpart(place, modelDevice) : undefined;
  if (tunnel !== undefined) walk.noteDownLinks(place, [tunnel]);
  return [
    faultOf(walk, place, kind, route, {
      destination: packet.destination,
      device,
      expected: modelTunnels ? (tunnel ?? modelDevice.link.name) : (model.device ?? ''),
      prefix: cidr ?? packet.destination,
      model: `${routeText(model)} on ${modelPlace.node.name}`,
      nextHop: vtepAddress(walk, aim.node.name, modelDevice) ?? '',
    }),
  ];
}

/** The route of the far node to pods of this node. */
function backRoute(walk: WalkState, place: Place, far: Place): Route | undefined {
  const { source, destination } = walk.packet;
  const cidr = walk.wiring.facts.objects.nodes
    ?.find(({ name }) => name === place.node.name)
    ?.podCidrs.find((one) => familyOf(one) === familyOf(destination));
  const isOwnPod = walk.wiring
    .withAddress(source)
    .some((port) => port.node === place.node && !walk.wiring.isHost(port));
  const address = isOwnPod ? source : cidr?.split('/')[0];
  if (address === undefined || address === '') return undefined;
  // Routed like an answer, because rules may select a table by the source address.
  const found = lookUpRoute(far.network, { to: address, from: destination })?.route;
  return found?.type === 'unicast' ? found : undefined;
}

/** This node's route to the pods of another node than the packet's. */
function siblingRoute(walk: WalkState, place: Place): Route | undefined {
  const { aim } = walk;
  for (const { name, podCidrs } of walk.wiring.facts.objects.nodes ?? []) {
    if (name === place.node.name || name === aim?.node.name) continue;
    const address = podCidrs
      .find((cidr) => cidr.includes(':') === walk.packet.destination.includes(':'))
      ?.split('/')[0];
    const { source } = walk.packet;
    const question = { to: address ?? '', ...(source !== '' && { from: source }) };
    const found = address && lookUpRoute(place.network, question)?.route;
    if (found && found.type === 'unicast' && (prefixOfRoute(found)?.length ?? 0) > 0) return found;
  }
  return undefined;
}

/** The tunnel device of a node that corresponds to one of another node. A node may have one for each family. */
function counterpart(place: Place, { link: { kind, name } }: Port): string | undefined {
  const same = (place.network.links ?? []).filter((link) => link.kind === kind);
  return (same.find((link) => link.name === name) ?? same[0])?.name;
}

/** The address of a node's tunnel device, which is the next hop of routes to its pods. */
function vtepAddress(walk: WalkState, node: string, model: Port | undefined): string | undefined {
  const found = walk.wiring.node(node);
  const host = found && walk.wiring.host(found);
  if (host === undefined || model === undefined || !isTunnel(model.link)) return undefined;
  const family = familyOf(walk.packet.destination);
  return walk.wiring
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
