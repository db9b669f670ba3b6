import type { RunningContainer, StreamRequest } from '../runtime.ts';
import type { KubeObject } from '../store.ts';
import type { Attributes } from './authorize.ts';
import type { Cluster } from './context.ts';
import { stringAt } from './json.ts';
import { containerNames, podSpecOf } from './podSpec.ts';
import type { ResourceRoute } from './route.ts';
import { badRequest, forbidden, notFound } from './status.ts';
import type { User } from './users.ts';

const PODS = { group: '', resource: 'pods' };

/** A refusal with the wording of a kubelet, which responds in plain text. */
export class KubeletError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.name = 'KubeletError';
    this.code = code;
  }
}

/** The pod of a stream. Throws 404, or 400 if it is not assigned to a node. */
export function podOf({ store }: Cluster, route: ResourceRoute): KubeObject {
  const pod = store.get('pods', route.namespace, route.name);
  if (!pod) throw notFound(PODS, route.name);
  return pod;
}

/** Since Kubernetes 1.35 a websocket, which is a GET, also requires permission to create. */
export function requireCreate({ authorizer }: Cluster, user: User, route: ResourceRoute): void {
  const attributes: Attributes = { ...route, verb: 'create' };
  // The real server gives no other reason.
  if (!authorizer.allows(user, attributes)) throw forbidden(PODS, route.name, '');
}

/** The container in the query, or the only one of the pod. Throws 400. */
export function chosenContainer(pod: KubeObject, query: URLSearchParams): string {
  const { name: podName } = pod.metadata;
  const spec = podSpecOf(pod);
  const regular = containerNames(spec, 'containers');
  const init = containerNames(spec, 'initContainers');
  const requested = query.get('container');
  if (requested) {
    const all = [...regular, ...init, ...containerNames(spec, 'ephemeralContainers')];
    if (all.includes(requested)) return requested;
    throw badRequest(`container ${requested} is not valid for pod ${podName}`);
  }
  const [only, ...others] = regular;
  if (only !== undefined && others.length === 0) return only;
  const orInit = init.length > 0 ? ` or one of the init containers: [${init.join(' ')}]` : '';
  throw badRequest(
    `a container name must be specified for pod ${podName}, choose one of: [${regular.join(' ')}]${orInit}`,
  );
}

/** Rejects with 400 if there is no kubelet to ask. */
export function requireNode(pod: KubeObject): void {
  if (stringAt(podSpecOf(pod).nodeName)) return;
  throw badRequest(`pod ${pod.metadata.name} does not have a host assigned`);
}

/** The container if it is running. Throws 500 with the kubelet's message. */
export function runningContainer(
  { runtime }: Cluster,
  pod: KubeObject,
  name: string,
): RunningContainer {
  const { namespace = '', name: podName } = pod.metadata;
  const container = runtime.container(namespace, podName, name);
  if (!container) throw new KubeletError(500, `container not found (${JSON.stringify(name)})`);
  return container;
}

/** The streams that the query requests. Throws 400 if there are none. */
export function streamsOf(query: URLSearchParams): StreamRequest {
  const tty = flag(query, 'tty');
  const stdin = flag(query, 'stdin');
  const stdout = flag(query, 'stdout');
  // A terminal has no separate stderr.
  const stderr = !tty && flag(query, 'stderr');
  if (!stdin && !stdout && !stderr) {
    throw new KubeletError(400, 'you must specify at least 1 of stdin, stdout, stderr');
  }
  return { stdin, stdout, stderr, tty };
}

function flag(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value !== null && value !== 'false' && value !== '0';
}
