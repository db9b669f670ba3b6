import { ApiError } from './apiserver/status.ts';
import type { Kubelet } from './kubelet/kubelet.ts';
import type { ClusterNode } from './nodes/node.ts';
import type { RunningContainer, Runtime } from './runtime.ts';

/** The API server's requests to nodes, answered by the kubelet of the pod. */
export function clusterRuntime(kubelets: readonly Kubelet[]): Runtime {
  const find = (namespace: string, pod: string) => {
    for (const kubelet of kubelets) {
      const worker = kubelet.worker(namespace, pod);
      if (worker) return { node: kubelet.node, worker, isAway: kubelet.isAway };
    }
    return undefined;
  };
  return {
    container(namespace, pod, name): RunningContainer | undefined {
      const found = find(namespace, pod);
      if (found?.isAway) throw unreachable(found.node);
      const id = found?.worker.runningContainer(name);
      if (!found || id === undefined) return undefined;
      const { node } = found;
      return {
        execUrl: (command, streams) => node.cri.exec(id, command, streams),
        attachUrl: (streams) => node.cri.attach(id, streams),
        spawn: (command) => node.spawnInContainer(id, command),
      };
    },
    async portForwardUrl(namespace, pod, ports) {
      const found = find(namespace, pod);
      const sandbox = found?.worker.sandboxId;
      if (!found || !sandbox) throw new Error(`pod ${namespace}/${pod} has no sandbox`);
      return found.node.cri.portForward(sandbox, ports);
    },
    logFile: (namespace, pod, name) => find(namespace, pod)?.worker.logFile(name),
  };
}

/** The API server's error for a kubelet that does not exist. */
function unreachable({ address }: ClusterNode): ApiError {
  const why = `dial tcp ${address}:10250: connect: connection refused`;
  return new ApiError(500, 'InternalError', `error dialing backend: ${why}`);
}
