import { CoreV1Api, KubeConfig, type V1Container } from '@kubernetes/client-node';
import type { LocalCluster } from './cluster.ts';

/** Bash code that sends a request to the address in $0 once a second, forever. */
const askForEver = 'while sleep 1; do curl -sS --max-time 2 -o /dev/null "http://$0/"; done';

/** Starts `pod-1` with nginx on the first node, and `client`, which connects to it, on the second. */
export async function startDemo(cluster: LocalCluster): Promise<void> {
  const config = new KubeConfig();
  config.loadFromFile(cluster.kubeconfig);
  const api = config.makeApiClient(CoreV1Api);
  const create = (
    name: string,
    nodeName: string | undefined,
    container: Omit<V1Container, 'name'>,
  ) =>
    api.createNamespacedPod({
      namespace: 'default',
      body: {
        metadata: { name, labels: { app: name } },
        spec: {
          ...(nodeName && { nodeName }),
          terminationGracePeriodSeconds: 1,
          containers: [{ name: 'main', ...container }],
        },
      },
    });
  const [first, second] = cluster.nodes;
  await create('pod-1', first?.name, { image: 'nginx:1.27' });
  const ip = await addressOf(cluster, 'pod-1');
  await create('client', second?.name, {
    image: 'nginx:1.27',
    command: ['bash', '-c', askForEver, ip],
  });
  await addressOf(cluster, 'client');
}

/** The address of a pod of the default namespace, once it is running. */
function addressOf({ store }: LocalCluster, name: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const look = () => {
    const { phase, podIP } = Object(store.get('pods', 'default', name)?.status);
    if (phase === 'Running' && typeof podIP === 'string') resolve(podIP);
  };
  const unsubscribe = store.subscribe(look);
  look();
  return promise.finally(unsubscribe);
}
