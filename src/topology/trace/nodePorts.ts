import type { PodObject, ServiceObject, ServicePort } from '../model/apiObjects.ts';
import type { Topology } from '../topology.ts';

/** The service with this node port. */
export function nodePortService(
  topology: Topology,
  port: number | undefined,
  protocol: string,
): { readonly service: ServiceObject; readonly port: ServicePort } | undefined {
  if (port === undefined) return undefined;
  for (const service of topology.facts.objects.services ?? []) {
    const matchingPort = service.ports.find(
      (candidate) => candidate.nodePort === port && candidate.protocol.toLowerCase() === protocol,
    );
    if (matchingPort !== undefined) return { service, port: matchingPort };
  }
  return undefined;
}

/** The pod that uses a port of one node (hostPort), with the port of its container. */
export function hostPortPod(
  topology: Topology,
  node: string,
  port: number | undefined,
  protocol: string,
): { readonly pod: PodObject; readonly port: number } | undefined {
  for (const pod of topology.facts.objects.pods ?? []) {
    if (pod.node !== node || pod.hostNetwork || pod.phase !== 'Running') continue;
    const hostPort = pod.containers
      .flatMap(({ ports }) => ports)
      .find(
        (candidate) => candidate.hostPort === port && candidate.protocol.toLowerCase() === protocol,
      );
    if (hostPort !== undefined) return { pod, port: hostPort.port };
  }
  return undefined;
}
