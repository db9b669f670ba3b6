import type { PodObject } from '../model/apiObjects.ts';
import type { TracedPacket } from '../netfilter/packet.ts';
import type { Place, Topology } from '../topology.ts';

/**
 * Containers of service meshes that intercept their pod's connections: Istio, Linkerd, Kuma, Consul, Open Service
 * Mesh.
 */
const NAMES = ['istio-proxy', 'linkerd-proxy', 'kuma-sidecar', 'consul-dataplane', 'envoy'];

/** The name of a pod's mesh sidecar. */
export function sidecarOf({ containers }: PodObject): string | undefined {
  return containers.find(({ name, running }) => running && NAMES.includes(name))?.name;
}

/** Whether a pod's rules have redirected its own packet to the pod itself. */
export function isSidecars(
  topology: Topology,
  place: Place,
  before: TracedPacket,
  after: TracedPacket,
): boolean {
  if (topology.isHost(place) || before.destination === after.destination) return false;
  return (
    /^127\.|^::1$/.test(after.destination) || topology.hasAddress(place, after.destination) === true
  );
}
