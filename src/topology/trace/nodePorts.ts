import type { PodObject, ServiceObject, ServicePort } from '../model/apiObjects.ts';
import type { Wiring } from '../wiring.ts';

/** The service with this node port. */
export function nodePortService(
  wiring: Wiring,
  port: number | undefined,
  protocol: string,
): { readonly service: ServiceObject; readonly port: ServicePort } | undefined {
  if (port === undefined) return undefined;
  for (const service of wiring.facts.objects.services ?? []) {
    const own = service.ports.find(
      (one) => one.nodePort === port && one.protocol.toLowerCase() === protocol,
    );
    if (own !== undefined) return { service, port: own };
  }
  return undefined;
}

/** The pod that uses a port of one node (hostPort), with the port of its container. */
export function hostPortPod(
  wiring: Wiring,
  node: string,
  port: number | undefined,
  protocol: string,
): { readonly pod: PodObject; readonly port: number } | undefined {
  for (const pod of wiring.facts.objects.pods ?? []) {
    if (pod.node !== node || pod.hostNetwork || pod.phase !== 'Running') continue;
    const own = pod.containers
      .flatMap(({ ports }) => ports)
      .find((one) => one.hostPort === port && one.protocol.toLowerCase() === protocol);
    if (own !== undefined) return { pod, port: own.port };
  }
  return undefined;
}
