import type { Route } from '../../tools/ip/route.ts';
import type { RoutingRule } from '../../tools/ip/rule.ts';
import type { TracedPacket } from '../netfilter/packet.ts';
import { familyOfPacket } from '../netfilter/packet.ts';
import { decideRoute, type RouteDecision, routeText } from '../route/decideRoute.ts';
import type { Place, Topology } from '../topology.ts';
import type { DeviceLocation, Fault } from './oneWayPath.ts';

export type RouteOutcome =
  | {
      readonly kind: 'go';
      readonly device: string;
      readonly nextHop: string;
      readonly route: Route;
      readonly matched: Route;
      readonly faults: readonly Fault[];
    }
  | { readonly kind: 'local'; readonly faults: readonly Fault[] }
  | { readonly kind: 'stopped'; readonly faults: readonly Fault[] }
  | { readonly kind: 'unknown'; readonly why: string; readonly faults: readonly Fault[] };

const BLOCKING_TYPES = new Set(['blackhole', 'unreachable', 'prohibit']);

/**
 * Evaluates what a route, or its absence, means for a packet. Includes the other checks of the kernel before it
 * forwards: the reverse path, and forwarding itself. The kernel's error has the same text for several causes, so
 * each cause is looked for in the tables.
 */
export function evaluateRoute(
  topology: Topology,
  place: Place,
  packet: TracedPacket,
  decision: RouteDecision,
  inDevice: string | undefined,
): RouteOutcome {
  const { network } = place;
  const location = { node: place.node.name, netns: network.inode, ...podOf(topology, place) };
  const fault = (kind: string, evidence: string, values: Record<string, string>): Fault => ({
    kind,
    where: { ...location, ...(values.device !== undefined && { device: values.device }) },
    evidence,
    values: { destination: packet.destination, source: packet.source, ...values },
  });
  const isLocal =
    decision.route?.type === 'local' ||
    (decision.error === undefined && topology.hasAddress(place, packet.destination) === true);
  const faults = [
    ...(inDevice === undefined
      ? []
      : reversePathFaults(
          place,
          packet,
          inDevice,
          isLocal ? undefined : decision.route?.device,
          fault,
        )),
    ...(inDevice === undefined || isLocal ? [] : forwardingFaults(place, packet, inDevice, fault)),
  ];
  const blocking = decision.matched ?? decision.route;
  if (blocking !== undefined && BLOCKING_TYPES.has(blocking.type)) {
    const { rule } = decision;
    const isByRule = rule !== undefined && rule.table === undefined;
    const blocked = fault('route-blocked', isByRule ? ruleText(rule) : routeText(blocking), {
      type: blocking.type,
      ...(isByRule && { rule: ruleText(rule), deletion: deletionOf(rule) }),
      route: routeText(blocking),
    });
    return { kind: 'stopped', faults: [blocked] };
  }
  if (faults.length > 0) return { kind: 'stopped', faults };
  const missing = (evidence: string): RouteOutcome => {
    const skippedRules = rulesWithoutMain(place, packet);
    const kind = skippedRules === undefined ? 'route-missing' : 'rule-missing';
    return { kind: 'stopped', faults: [fault(kind, skippedRules ?? evidence, {})] };
  };
  if (decision.error !== undefined) {
    return /unreachable/i.test(decision.error)
      ? missing(`${questionText(decision)}: Network is unreachable`)
      : noRouteFault(decision, fault);
  }
  const { route } = decision;
  if (isLocal) return { kind: 'local', faults };
  if (route === undefined) {
    if (network.routes === undefined) {
      return { kind: 'unknown', why: 'the routes of this namespace could not be read', faults };
    }
    return missing(`ip route get ${packet.destination}: Network is unreachable`);
  }
  const hop =
    route.device === undefined
      ? route.nextHops.find(({ flags }) => !flags.includes('dead'))
      : route;
  if (hop?.device === undefined) {
    return { kind: 'unknown', why: `route without a device: ${routeText(route)}`, faults };
  }
  return {
    kind: 'go',
    device: hop.device,
    nextHop: hop.gateway ?? packet.destination,
    route,
    matched: decision.matched ?? route,
    faults,
  };
}

/** A rule with an action of its own, as printed by `ip rule`. */
function ruleText({ priority, source, destination, action, inverted }: RoutingRule): string {
  const to = destination === 'all' ? '' : ` to ${destination}`;
  return `${priority}: ${inverted ? 'not ' : ''}from ${source}${to} ${action ?? ''}`;
}

function deletionOf({ family, priority }: RoutingRule): string {
  return `ip ${family === 'inet6' ? '-6 ' : ''}rule del pref ${priority}`;
}

function noRouteFault(
  decision: RouteDecision,
  fault: (kind: string, evidence: string, values: Record<string, string>) => Fault,
): RouteOutcome {
  const { error = '', question } = decision;
  const evidence = `${questionText(decision)}: ${error.replace('RTNETLINK answers: ', '')}`;
  if (/Invalid argument|cross-device/i.test(error) && question.inputDevice !== undefined) {
    return {
      kind: 'stopped',
      faults: [fault('rp-filter', evidence, { device: question.inputDevice, effective: '' })],
    };
  }
  if (/No route to host/i.test(error) && question.inputDevice !== undefined) {
    return {
      kind: 'stopped',
      faults: [
        fault('forwarding-off', evidence, {
          sysctl: 'net.ipv4.ip_forward',
          device: question.inputDevice,
        }),
      ],
    };
  }
  return {
    kind: 'stopped',
    faults: [fault('route-blocked', evidence, { type: 'refused', route: evidence })],
  };
}

/** The command that asks the kernel this question. */
function questionText({ question: { to, from, inputDevice, mark } }: RouteDecision): string {
  return [
    'ip route get',
    to,
    ...(from === undefined ? [] : ['from', from]),
    ...(inputDevice === undefined ? [] : ['iif', inputDevice]),
    ...(mark === undefined ? [] : ['mark', mark]),
  ].join(' ');
}

/** The rules of a namespace as evidence, if none of them looks up the main table. */
function rulesWithoutMain({ network }: Place, packet: TracedPacket): string | undefined {
  const rules = network.rules?.filter(({ family }) => family === familyName(packet)) ?? [];
  if (rules.length === 0 || rules.some(({ table }) => table === 'main')) return undefined;
  return `ip rule: ${rules.map(({ priority, table }) => `${priority} lookup ${table}`).join(', ')}`;
}

type FaultFactory = (kind: string, evidence: string, values: Record<string, string>) => Fault;

/** Checks that forwarding is on, by the sysctls. The kernel's answer only includes this check for IPv4. */
function forwardingFaults(
  { network }: Place,
  packet: TracedPacket,
  inDevice: string,
  fault: FaultFactory,
): Fault[] {
  const { sysctls } = network;
  if (sysctls === undefined) return [];
  const family = familyOfPacket(packet) === 4 ? 'ipv4' : 'ipv6';
  const general = family === 'ipv4' ? 'ipv4/ip_forward' : 'ipv6/conf/all/forwarding';
  const deviceSysctl = `${family}/conf/${inDevice}/forwarding`;
  // For IPv6, only the value for all devices decides; a device's own value controls other router functions. Since
  // 6.17, kernels can also forward for single devices (ip6_forward, Documentation/networking/ip-sysctl.rst).
  const isOff =
    family === 'ipv6'
      ? sysctls[general] === '0' && sysctls[`ipv6/conf/${inDevice}/force_forwarding`] !== '1'
      : (sysctls[deviceSysctl] ?? sysctls[general]) === '0';
  if (!isOff) return [];
  const disabled = sysctls[general] === '0' ? general : deviceSysctl;
  const name = `net.${disabled.replaceAll('/', '.')}`;
  const forwardingFault = fault('forwarding-off', `${name} = 0`, {
    sysctl: name,
    device: inDevice,
    family,
  });
  // If forwarding is off for all devices, it is one fault for all of them, so leave out the device.
  return disabled === general
    ? [{ ...forwardingFault, where: withoutDevice(forwardingFault.where) }]
    : [forwardingFault];
}

/** Checks the reverse path. The larger of the values for all devices and for this device applies. */
function reversePathFaults(
  place: Place,
  packet: TracedPacket,
  inDevice: string,
  outDevice: string | undefined,
  fault: FaultFactory,
): Fault[] {
  const { network } = place;
  if (
    familyOfPacket(packet) === 6 ||
    network.sysctls === undefined ||
    network.routes === undefined
  ) {
    return [];
  }
  const values = ['all', inDevice].map((device) =>
    Number(network.sysctls?.[`ipv4/conf/${device}/rp_filter`] ?? 0),
  );
  const effective = Math.max(...values);
  if (effective === 0 || packet.source === '') return [];
  // The kernel looks up the route of an answer: from the destination address, arriving on the device that the
  // packet leaves by (fib_validate_source), without the packet's mark.
  const back = decideRoute(place.network, {
    to: packet.source,
    from: packet.destination,
    ...(outDevice !== undefined && { inputDevice: outDevice }),
  }).route;
  const devices =
    back === undefined ? [] : [back.device, ...back.nextHops.map(({ device }) => device)];
  const isValid = back?.type === 'unicast' && (effective === 2 || devices.includes(inDevice));
  if (isValid) return [];
  const drops = network.counters?.TcpExtIPReversePathFilter;
  const evidence = [
    `rp_filter: all=${values[0]} ${inDevice}=${values[1]}`,
    `route to ${packet.source}: ${back === undefined ? 'none' : routeText(back)}`,
    ...(drops === undefined ? [] : [`IPReversePathFilter ${drops}`]),
  ].join('; ');
  return [
    fault('rp-filter', evidence, {
      device: inDevice,
      effective: `${effective}`,
      back: back?.device ?? 'nowhere',
    }),
  ];
}

function withoutDevice({ device: _device, ...where }: DeviceLocation): DeviceLocation {
  return where;
}

function podOf(topology: Topology, place: Place): { pod?: string } {
  const pod = topology.podName(place);
  return pod === undefined ? {} : { pod };
}

function familyName(packet: TracedPacket): 'inet' | 'inet6' {
  return familyOfPacket(packet) === 4 ? 'inet' : 'inet6';
}
