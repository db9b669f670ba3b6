import type { EndpointSliceObject, ServiceObject, ServicePort } from '../model/apiObjects.ts';
import type { Topology } from '../topology.ts';

/** An endpoint of a service's port. */
export interface Backend {
  readonly address: string;
  readonly port: number;
  readonly node?: string;
  readonly pod?: string;
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
}

/** The port of a service with this number; without a number, its first port of the protocol. */
export function servicePort(
  service: ServiceObject,
  port: number | undefined,
  protocol: string,
): ServicePort | undefined {
  const protocolPorts = service.ports.filter(
    (candidate) => candidate.protocol.toLowerCase() === protocol,
  );
  if (port === undefined) return protocolPorts[0] ?? service.ports[0];
  return protocolPorts.find((candidate) => candidate.port === port);
}

/** The endpoints of a port, ready or not; undefined if endpoint slices were not read. */
export function backendsOf(
  topology: Topology,
  service: ServiceObject,
  port: ServicePort,
  family: 4 | 6,
): readonly Backend[] | undefined {
  const slices = topology.facts.objects.endpointSlices;
  if (slices === undefined) return undefined;
  return slices
    .filter((slice) => isSliceOf(slice, service) && slice.addressType === `IPv${family}`)
    .flatMap((slice) => {
      const number = slice.ports.find(
        ({ name, protocol }) => (name ?? '') === (port.name ?? '') && protocol === port.protocol,
      )?.port;
      if (number === undefined) return [];
      return slice.endpoints.flatMap(({ addresses, node, pod, ready, serving, terminating }) =>
        addresses.slice(0, 1).map((address) => ({
          address,
          port: number,
          ...(node !== undefined && { node }),
          ...(pod !== undefined && { pod }),
          ready,
          serving,
          terminating,
        })),
      );
    });
}

function isSliceOf(slice: EndpointSliceObject, { namespace, name }: ServiceObject): boolean {
  return slice.namespace === namespace && slice.service === name;
}

/**
 * The endpoints that get new connections: ready ones; if there are none, terminating ones that still serve
 * (KEP-1669).
 */
export function usableBackends(backends: readonly Backend[]): readonly Backend[] {
  const ready = backends.filter(({ ready }) => ready);
  return ready.length > 0
    ? ready
    : backends.filter((backend) => backend.serving && backend.terminating);
}
