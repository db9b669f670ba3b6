import { isDeepStrictEqual } from 'node:util';
import { generatedName } from '../apiserver/generatedName.ts';
import { type JsonObject, objectAt, objectsAt, stringAt } from '../apiserver/json.ts';
import { hasAll } from '../apiserver/objectSelectors.ts';
import { isFinished } from '../apiserver/podSpec.ts';
import { type KubeObject, now } from '../store.ts';
import { type Controller, ownedBy, type World } from './controller.ts';
import { isLeaving, isReady } from './ownPods.ts';

/** Service -> EndpointSlices, and Endpoints for older clients. */
export const endpointSlices: Controller = { resource: 'services', reconcile };

const SLICES = 'endpointslices.discovery.k8s.io';
const CHANGED = 'endpoints.kubernetes.io/last-change-trigger-time';
/** The real controller's default. */
const LARGEST = 100;

function reconcile(world: World, service: KubeObject): undefined {
  const spec = objectAt(service.spec);
  const selector = objectAt(spec.selector);
  if (Object.keys(selector).length === 0 || spec.type === 'ExternalName') return;
  const pods = world.mirror
    .list('pods', service.metadata.namespace)
    .filter(({ metadata }) => hasAll(metadata.labels ?? {}, selector))
    .filter((pod) => stringAt(objectAt(pod.status).podIP) !== '' && !isFinished(pod));
  writeSlices(world, service, slicesFor(service, pods));
  writeEndpoints(world, service, pods);
}

interface Slice {
  readonly ports: JsonObject[];
  readonly endpoints: JsonObject[];
}

/** Pods are in different slices if a named port has different numbers for them. */
function slicesFor(service: KubeObject, pods: readonly KubeObject[]): Slice[] {
  const byPorts = new Map<string, Slice>();
  for (const pod of pods) {
    const ports = portsOf(service, pod);
    const key = JSON.stringify(ports);
    const slice = byPorts.get(key) ?? { ports, endpoints: [] };
    slice.endpoints.push(endpointFor(service, pod));
    byPorts.set(key, slice);
  }
  const all = [...byPorts.values()].flatMap(({ ports, endpoints }) =>
    Array.from({ length: Math.ceil(endpoints.length / LARGEST) }, (_, index) => ({
      ports,
      endpoints: endpoints.slice(index * LARGEST, (index + 1) * LARGEST),
    })),
  );
  // A service without pods has one empty slice.
  return all.length > 0 ? all : [{ ports: [], endpoints: [] }];
}

function portsOf(service: KubeObject, pod: KubeObject): JsonObject[] {
  return objectsAt(objectAt(service.spec).ports).flatMap((port) => {
    const number = targetPort(port, pod);
    if (number === undefined) return [];
    return [{ name: stringAt(port.name), protocol: port.protocol ?? 'TCP', port: number }];
  });
}

function targetPort({ targetPort: target, port, protocol }: JsonObject, pod: KubeObject) {
  if (typeof target !== 'string') return Number(target ?? port);
  const found = objectsAt(objectAt(pod.spec).containers)
    .flatMap(({ ports }) => objectsAt(ports))
    .find((port) => port.name === target && (port.protocol ?? 'TCP') === (protocol ?? 'TCP'));
  return found && Number(found.containerPort);
}

function endpointFor(service: KubeObject, pod: KubeObject): JsonObject {
  const { publishNotReadyAddresses } = objectAt(service.spec);
  const { hostname, subdomain, nodeName } = objectAt(pod.spec);
  const serving = isReady(pod);
  const terminating = isLeaving(pod);
  return {
    addresses: [objectAt(pod.status).podIP],
    conditions: {
      ready: publishNotReadyAddresses === true || (serving && !terminating),
      serving,
      terminating,
    },
    ...(hostname !== undefined && subdomain === service.metadata.name && { hostname }),
    targetRef: referenceTo(pod),
    nodeName,
  };
}

function referenceTo({ metadata }: KubeObject): JsonObject {
  const { namespace, name, uid } = metadata;
  return { kind: 'Pod', namespace, name, uid };
}

function writeSlices({ store, mirror }: World, service: KubeObject, slices: Slice[]): void {
  const { name, namespace = '' } = service.metadata;
  const existing = mirror.controlled(SLICES, service);
  const labels = {
    ...service.metadata.labels,
    'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
    'kubernetes.io/service-name': name,
    ...(objectAt(service.spec).clusterIP === 'None' && { 'service.kubernetes.io/headless': '' }),
  };
  for (const [index, slice] of slices.entries()) {
    const old = existing[index];
    const content = { addressType: 'IPv4', endpoints: slice.endpoints, ports: slice.ports };
    if (old && isDeepStrictEqual({ ...old, ...content }, old)) continue;
    if (old) {
      store.update(SLICES, namespace, old.metadata.name, (object) => {
        object.metadata.generation = (object.metadata.generation ?? 0) + 1;
        object.metadata.annotations = { ...object.metadata.annotations, [CHANGED]: now() };
        return { ...object, ...content };
      });
      continue;
    }
    store.create(SLICES, {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: generatedName(`${name}-`),
        generateName: `${name}-`,
        namespace,
        generation: 1,
        labels,
        annotations: { [CHANGED]: now() },
        ownerReferences: [ownedBy(service)],
      },
      ...content,
    });
  }
  for (const { metadata } of existing.slice(slices.length))
    store.remove(SLICES, namespace, metadata.name);
}

function writeEndpoints(
  { store, mirror }: World,
  service: KubeObject,
  pods: readonly KubeObject[],
): void {
  const { name, namespace = '', labels } = service.metadata;
  const { publishNotReadyAddresses } = objectAt(service.spec);
  const byPorts = new Map<
    string,
    { ports: JsonObject[]; ready: JsonObject[]; not: JsonObject[] }
  >();
  for (const pod of pods) {
    if (isLeaving(pod)) continue;
    const ports = portsOf(service, pod);
    const key = JSON.stringify(ports);
    const subset = byPorts.get(key) ?? { ports, ready: [], not: [] };
    const address = {
      ip: objectAt(pod.status).podIP,
      nodeName: objectAt(pod.spec).nodeName,
      targetRef: referenceTo(pod),
    };
    (isReady(pod) || publishNotReadyAddresses === true ? subset.ready : subset.not).push(address);
    byPorts.set(key, subset);
  }
  const subsets = [...byPorts.values()].map(({ ports, ready, not }) => ({
    ...(ready.length > 0 && { addresses: ready }),
    ...(not.length > 0 && { notReadyAddresses: not }),
    ports: ports.map(({ name: port, ...rest }) => ({
      ...(port !== '' && { name: port }),
      ...rest,
    })),
  }));
  const old = mirror.get('endpoints', namespace, name);
  const content = { subsets: subsets.length > 0 ? subsets : undefined };
  if (!old)
    store.create('endpoints', {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: {
        name,
        namespace,
        labels: { ...labels, 'endpoints.kubernetes.io/managed-by': 'endpoint-controller' },
      },
      ...content,
    });
  else if (!isDeepStrictEqual(old.subsets, content.subsets))
    store.update('endpoints', namespace, name, (object) => ({ ...object, ...content }));
}
