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

/** A refusal in the words of a kubelet, which speaks plain text. */
export class KubeletError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.name = 'KubeletError';
    this.code = code;
  }
}

/** The pod that a stream is wanted with; throws 404, or 400 when it is on no node. */
export function podOf({ store }: Cluster, route: ResourceRoute): KubeObject {
  const pod = store.get('pods', route.namespace, route.name);
  if (!pod) throw notFound(PODS, route.name);
  return pod;
}

/** Since Kubernetes 1.35 a websocket, which is a GET, needs the right to create as well. */
export function requireCreate({ authorizer }: Cluster, user: User, route: ResourceRoute): void {
  const asked: Attributes = { ...route, verb: 'create' };
  // The real server gives no more reason than this.
  if (!authorizer.allows(user, asked)) throw forbidden(PODS, route.name, '');
}

/** The container that the query names, or the only one of the pod; throws 400. */
export function chosenContainer(pod: KubeObject, query: URLSearchParams): string {
  const { name: podName } = pod.metadata;
  const spec = podSpecOf(pod);
  const regular = containerNames(spec, 'containers');
  const init = containerNames(spec, 'initContainers');
  const asked = query.get('container');
  if (asked) {
    const all = [...regular, ...init, ...containerNames(spec, 'ephemeralContainers')];
    if (all.includes(asked)) return asked;
    throw badRequest(`container ${asked} is not valid for pod ${podName}`);
  }
  const [only, ...others] = regular;
  if (only !== undefined && others.length === 0) return only;
  const orInit = init.length > 0 ? ` or one of the init containers: [${init.join(' ')}]` : '';
  throw badRequest(
    `a container name must be specified for pod ${podName}, choose one of: [${regular.join(' ')}]${orInit}`,
  );
}

/** Refuses with 400 when no kubelet could be asked. */
export function requireNode(pod: KubeObject): void {
  if (stringAt(podSpecOf(pod).nodeName)) return;
  throw badRequest(`pod ${pod.metadata.name} does not have a host assigned`);
}

/** The container when it runs; throws 500 in the kubelet's words. */
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

/** Which streams the query asks for; throws 400 when it is none. */
export function streamsOf(query: URLSearchParams): StreamRequest {
  const tty = flag(query, 'tty');
  const stdin = flag(query, 'stdin');
  const stdout = flag(query, 'stdout');
  // A terminal has no stderr of its own.
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
