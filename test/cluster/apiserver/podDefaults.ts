import { randomBytes } from 'node:crypto';
import type { NewObject } from '../store.ts';
import { type JsonObject, objectAt, objectsAt } from './json.ts';
import { defaultContainer } from './podSpec.ts';

const TOKEN_MOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** Sets the defaults of the real server in the spec of a pod or of a pod template. */
export function defaultPodSpec(spec: JsonObject): void {
  for (const container of [...objectsAt(spec.initContainers), ...objectsAt(spec.containers)])
    defaultContainer(container);
  spec.restartPolicy ??= 'Always';
  spec.terminationGracePeriodSeconds ??= 30;
  spec.dnsPolicy ??= 'ClusterFirst';
  if (spec.serviceAccountName) spec.serviceAccount = spec.serviceAccountName;
  spec.securityContext ??= {};
  spec.schedulerName ??= 'default-scheduler';
}

/** Completes a new pod as the real server and its admission do. */
export function defaultPod(pod: NewObject): void {
  const spec = objectAt(pod.spec);
  pod.spec = spec;
  defaultPodSpec(spec);
  for (const container of [...objectsAt(spec.initContainers), ...objectsAt(spec.containers)])
    defaultRequests(container);
  spec.serviceAccountName ??= spec.serviceAccount ?? 'default';
  spec.serviceAccount = spec.serviceAccountName;
  spec.priority ??= 0;
  spec.preemptionPolicy ??= 'PreemptLowerPriority';
  spec.enableServiceLinks ??= true;
  if (spec.automountServiceAccountToken !== false) mountToken(spec);
  tolerate(spec, 'node.kubernetes.io/not-ready');
  tolerate(spec, 'node.kubernetes.io/unreachable');
}

/** The status of a pod before any kubelet has seen it. */
export function firstStatus(spec: JsonObject): JsonObject {
  return { phase: 'Pending', qosClass: qosClassOf(spec) };
}

function defaultRequests(container: JsonObject): void {
  const resources = objectAt(container.resources);
  const limits = objectAt(resources.limits);
  if (Object.keys(limits).length > 0) {
    resources.requests = { ...limits, ...objectAt(resources.requests) };
  }
}

function tolerate(spec: JsonObject, key: string): void {
  const tolerations = objectsAt(spec.tolerations);
  const tolerated = tolerations.some(
    (toleration) =>
      (toleration.key === key || (!toleration.key && toleration.operator === 'Exists')) &&
      (!toleration.effect || toleration.effect === 'NoExecute'),
  );
  if (tolerated) return;
  spec.tolerations = [
    ...tolerations,
    { key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
  ];
}

function mountToken(spec: JsonObject): void {
  const containers = [...objectsAt(spec.initContainers), ...objectsAt(spec.containers)];
  const without = containers.filter(
    (container) =>
      !objectsAt(container.volumeMounts).some((mount) => mount.mountPath === TOKEN_MOUNT),
  );
  if (without.length === 0) return;
  const name = `kube-api-access-${randomBytes(3).toString('hex').slice(0, 5)}`;
  for (const container of without) {
    container.volumeMounts = [
      ...objectsAt(container.volumeMounts),
      { name, readOnly: true, mountPath: TOKEN_MOUNT },
    ];
  }
  const sources = [
    { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
    { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
    {
      downwardAPI: {
        items: [
          { path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } },
        ],
      },
    },
  ];
  spec.volumes = [...objectsAt(spec.volumes), { name, projected: { sources, defaultMode: 0o644 } }];
}

function qosClassOf(spec: JsonObject): string {
  const resources = [...objectsAt(spec.initContainers), ...objectsAt(spec.containers)].map(
    (container) => objectAt(container.resources),
  );
  const set = (list: unknown, name: string) => objectAt(list)[name];
  const counted = ['cpu', 'memory'];
  const nothing = resources.every(({ limits, requests }) =>
    counted.every((name) => !set(limits, name) && !set(requests, name)),
  );
  if (nothing) return 'BestEffort';
  const all = resources.every(({ limits, requests }) =>
    counted.every((name) => set(limits, name) && set(limits, name) === set(requests, name)),
  );
  return all ? 'Guaranteed' : 'Burstable';
}
