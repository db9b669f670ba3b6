import type { NewObject, Store } from '../store.ts';
import { invalidValue, required } from './fieldErrors.ts';
import { type JsonObject, objectAt, objectsAt, stringAt } from './json.ts';
import { type Cause, invalid } from './status.ts';
import type { Strategy } from './strategy.ts';

/** The first two bytes of the cluster's service addresses, 10.96.0.0/16. */
const SERVICE_NETWORK = '10.96';

/** Services with the defaults of the real server, each with its own address. */
export const services: Strategy = {
  prepareCreate({ cluster, kind }, service) {
    completeService(cluster.store, service);
    service.status = { loadBalancer: {} };
    const causes = portCauses(objectAt(service.spec));
    if (causes.length > 0) throw invalid(kind, service.metadata.name, causes);
  },

  prepareUpdate({ cluster, kind }, previous, next) {
    const before = objectAt(previous.spec);
    const spec = objectAt(next.spec);
    // Given values are kept, unless the type of the service changes.
    if (before.type !== 'ExternalName' && spec.type !== 'ExternalName') {
      spec.clusterIP ??= before.clusterIP;
      spec.clusterIPs ??= before.clusterIPs;
    }
    next.status = previous.status;
    const name = previous.metadata.name;
    if (before.clusterIP && spec.clusterIP !== before.clusterIP)
      throw invalid(kind, name, [
        invalidValue('spec.clusterIPs[0]', [spec.clusterIP], 'may not change once set'),
      ]);
    completeService(cluster.store, next);
    const causes = portCauses(spec);
    if (causes.length > 0) throw invalid(kind, name, causes);
  },
};

/** Sets the defaults of the real server, including a cluster IP. */
export function completeService(store: Store, service: NewObject): void {
  const spec = objectAt(service.spec);
  service.spec = spec;
  spec.type ??= 'ClusterIP';
  for (const port of objectsAt(spec.ports)) {
    port.protocol ??= 'TCP';
    port.targetPort ??= port.port;
  }
  spec.sessionAffinity ??= 'None';
  if (spec.type === 'ExternalName') return;
  spec.clusterIP ||= freeAddress(store);
  spec.clusterIPs ??= [spec.clusterIP];
  spec.ipFamilies ??= ['IPv4'];
  spec.ipFamilyPolicy ??= 'SingleStack';
  spec.internalTrafficPolicy ??= 'Cluster';
  if (spec.type === 'ClusterIP') return;
  spec.externalTrafficPolicy ??= 'Cluster';
  const taken = new Set(
    store
      .list('services')
      .flatMap((service) => objectsAt(objectAt(service.spec).ports).map(nodePortOf)),
  );
  for (const port of objectsAt(spec.ports)) {
    for (let free = 30_000; !port.nodePort && free < 32_768; free += 1)
      if (!taken.has(free)) port.nodePort = free;
    taken.add(nodePortOf(port));
  }
}

function nodePortOf({ nodePort }: JsonObject): number {
  return Number(nodePort ?? 0);
}

function freeAddress(store: Store): string {
  const taken = new Set(store.list('services').map(({ spec }) => objectAt(spec).clusterIP));
  for (let tries = 0; tries < 10_000; tries += 1) {
    // Small numbers are reserved for services that request them: the API server itself, DNS.
    const host = 256 + Math.floor(Math.random() * (65_534 - 256));
    const address = `${SERVICE_NETWORK}.${host >> 8}.${host & 255}`;
    if (!taken.has(address)) return address;
  }
  throw new Error('no service address is free');
}

function portCauses(spec: JsonObject): Cause[] {
  const ports = objectsAt(spec.ports);
  const isHeadless = spec.clusterIP === 'None' || spec.type === 'ExternalName';
  if (ports.length === 0 && !isHeadless) return [required('spec.ports')];
  return ports.flatMap((port, index) => {
    const field = `spec.ports[${index}]`;
    const number = Number(port.port);
    return [
      ...(ports.length > 1 && !stringAt(port.name) ? [required(`${field}.name`)] : []),
      ...(Number.isInteger(number) && number > 0 && number < 65_536
        ? []
        : [
            invalidValue(`${field}.port`, port.port ?? 0, 'must be between 1 and 65535, inclusive'),
          ]),
    ];
  });
}
