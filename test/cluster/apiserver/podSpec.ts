import { isObject, type JsonObject, objectAt, objectsAt, stringAt } from './json.ts';

type ContainerList = 'initContainers' | 'containers' | 'ephemeralContainers';

/** The pod's containers in the order in which Kubernetes visits them. */
export function allContainers(spec: JsonObject): JsonObject[] {
  return [
    ...objectsAt(spec.initContainers),
    ...objectsAt(spec.containers),
    ...objectsAt(spec.ephemeralContainers),
  ];
}

export function containerNames(spec: JsonObject, list: ContainerList): string[] {
  return objectsAt(spec[list]).map((container) => stringAt(container.name));
}

export function podSpecOf(object: { readonly [field: string]: unknown }): JsonObject {
  return objectAt(object.spec);
}

/** The API server knows a static pod only by the mirror pod that its kubelet creates. */
export function isMirrorPod(annotations: Readonly<Record<string, string>> | undefined): boolean {
  return annotations?.['kubernetes.io/config.mirror'] !== undefined;
}

export function isFinished(object: { readonly [field: string]: unknown }): boolean {
  const phase = objectAt(object.status).phase;
  return phase === 'Succeeded' || phase === 'Failed';
}

/** Sets the defaults of Kubernetes for every container, of every kind. */
export function defaultContainer(container: JsonObject): void {
  container.terminationMessagePath ??= '/dev/termination-log';
  container.terminationMessagePolicy ??= 'File';
  container.imagePullPolicy ??= pullPolicyOf(stringAt(container.image));
  container.resources ??= {};
  for (const port of objectsAt(container.ports)) port.protocol ??= 'TCP';
  for (const probe of [container.livenessProbe, container.readinessProbe, container.startupProbe]) {
    if (isObject(probe)) defaultProbe(probe);
  }
}

function pullPolicyOf(image: string): string {
  const [, tag] = /:([^/:@]+)(?:@.*)?$/.exec(image) ?? [];
  const floating = image.includes('@') ? tag === 'latest' : tag === undefined || tag === 'latest';
  return floating ? 'Always' : 'IfNotPresent';
}

function defaultProbe(probe: JsonObject): void {
  probe.timeoutSeconds ??= 1;
  probe.periodSeconds ??= 10;
  probe.successThreshold ??= 1;
  probe.failureThreshold ??= 3;
}
