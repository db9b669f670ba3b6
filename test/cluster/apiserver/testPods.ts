import { now, type Store } from '../store.ts';
import { objectAt, objectsAt } from './json.ts';
import type { TestServer } from './testServer.ts';

/** A debugger as in the recorded requests. */
export function debuggerContainer(name: string, target: string): Record<string, unknown> {
  return {
    name,
    image: 'nicolaka/netshoot:v0.13',
    command: ['sleep', '3600'],
    imagePullPolicy: 'IfNotPresent',
    securityContext: {
      capabilities: { add: ['NET_RAW', 'NET_ADMIN'], drop: ['ALL'] },
      runAsUser: 0,
      runAsNonRoot: false,
    },
    targetContainerName: target,
  };
}

export interface TestPod {
  readonly namespace: string;
  readonly name: string;
  readonly containers?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
  /** Merged into the pod's spec. */
  readonly spec?: Readonly<Record<string, unknown>>;
}

/** Creates a pod and its namespace, and marks the pod as running. */
export async function createRunningPod(server: TestServer, pod: TestPod): Promise<void> {
  const { namespace, name, containers = ['app'], annotations = {}, spec = {} } = pod;
  await server.call('/api/v1/namespaces', {
    method: 'POST',
    body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
  });
  const answer = await server.call(`/api/v1/namespaces/${namespace}/pods`, {
    method: 'POST',
    body: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, labels: { app: 'rec' }, annotations },
      spec: {
        nodeName: 'node-1',
        terminationGracePeriodSeconds: 1,
        containers: containers.map((container) => ({
          name: container,
          image: 'nicolaka/netshoot:v0.13',
          command: ['sleep', '3600'],
          imagePullPolicy: 'IfNotPresent',
        })),
        ...spec,
      },
    },
  });
  if (answer.status !== 201) throw new Error(answer.text);
  startContainers(server.store, namespace, name);
}

/** Acts as the kubelet: marks every container of the pod as running. */
function startContainers(store: Store, namespace: string, name: string): void {
  store.update('pods', namespace, name, (pod) => {
    const spec = objectAt(pod.spec);
    const running = (list: unknown, ready: boolean) =>
      objectsAt(list).map((container) => ({
        name: container.name,
        image: container.image,
        imageID: '',
        ready,
        restartCount: 0,
        state: { running: { startedAt: now() } },
        lastState: {},
      }));
    pod.status = {
      ...objectAt(pod.status),
      phase: 'Running',
      podIP: '10.244.0.82',
      containerStatuses: running(spec.containers, true),
      ephemeralContainerStatuses: running(spec.ephemeralContainers, false),
    };
    return pod;
  });
}
