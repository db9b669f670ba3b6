import type { ServerResponse } from 'node:http';
import type { EphemeralContainer, Pod } from '../../../src/kube/pod.ts';
import { fakeServer, json, type ReceivedRequest, status } from '../kube/fakeServer.ts';
import { podWith } from './pods.ts';

/** What a test can do to the cluster while the code under test uses it. */
export interface ScriptedCluster {
  readonly server: Awaited<ReturnType<typeof fakeServer>>;
  /** The pod as returned by a GET. */
  pod: Pod;
  /** The requests, as `GET /path`. */
  requests(): string[];
  /** Resolves when both watches are open. */
  watched(): Promise<void>;
  /** Watches that the client has not ended. */
  watching(): number;
  change(pod: Pod, type?: 'MODIFIED' | 'DELETED'): void;
  event(reason: string, message: string, container?: string): void;
}

interface Script {
  readonly pod?: Pod;
  /** The answer to a dry run; by default it is accepted. */
  readonly dryRun?: (request: ReceivedRequest, response: ServerResponse) => void;
  readonly patch?: (
    request: ReceivedRequest,
    response: ServerResponse,
    cluster: ScriptedCluster,
  ) => void;
  /** Existing events; `refused` for users who may not read them. */
  readonly events?: readonly { reason: string; message: string; container?: string }[] | 'refused';
  /** The node of the pod; by default it has no conditions. `refused` for users who may not read nodes. */
  readonly node?: object | 'refused';
  /** When its Lease was renewed; by default nobody may read it. */
  readonly renewTime?: string;
  readonly podWatch?: (request: ReceivedRequest, response: ServerResponse) => boolean;
}

/** The pod in a patch's answer: the patch is added, as the API server does it. */
export function withPatch(pod: Pod, { body }: ReceivedRequest): Pod {
  const { spec } = JSON.parse(body) as { spec: { ephemeralContainers: EphemeralContainer[] } };
  return {
    ...pod,
    metadata: { ...pod.metadata, resourceVersion: '11' },
    spec: {
      ...pod.spec,
      ephemeralContainers: [...(pod.spec.ephemeralContainers ?? []), ...spec.ephemeralContainers],
    },
  };
}

/** An event as the kubelet records it about an ephemeral container. */
function aboutContainer({
  container = 'netdebug-network',
  ...event
}: {
  reason: string;
  message: string;
  container?: string | undefined;
}) {
  return { ...event, involvedObject: { fieldPath: `spec.ephemeralContainers{${container}}` } };
}

/** A cluster with one pod, its events, and two kinds of watch, all controlled by the test. */
export async function scriptedCluster(script: Script = {}): Promise<ScriptedCluster> {
  const podWatches: ServerResponse[] = [];
  const eventWatches: ServerResponse[] = [];
  const bothOpen = Promise.withResolvers<void>();
  const opened = () => {
    const events = script.events === 'refused' ? 1 : eventWatches.length;
    if (podWatches.length > 0 && events > 0) bothOpen.resolve();
  };
  const open = (response: ServerResponse, watches: ServerResponse[]) => {
    response.writeHead(200).flushHeaders();
    watches.push(response);
    opened();
  };
  const say = (watches: ServerResponse[], event: object) =>
    watches.at(-1)?.write(`${JSON.stringify(event)}\n`);

  const server = await fakeServer({
    rest: (request, response) => {
      const watching = request.query.get('watch') === 'true';
      if (request.path.endsWith('/events')) {
        if (script.events === 'refused')
          json(response, 403, status(403, 'Forbidden', 'events is forbidden'));
        else if (watching) open(response, eventWatches);
        else
          json(response, 200, {
            metadata: { resourceVersion: '5' },
            items: (script.events ?? []).map(aboutContainer),
          });
      } else if (request.path.startsWith('/api/v1/nodes/')) {
        if (script.node === 'refused')
          json(response, 403, status(403, 'Forbidden', 'nodes is forbidden'));
        else json(response, 200, script.node ?? { metadata: {} });
      } else if (request.path.startsWith('/apis/coordination.k8s.io/')) {
        if (script.renewTime === undefined)
          json(response, 403, status(403, 'Forbidden', 'leases is forbidden'));
        else json(response, 200, { spec: { renewTime: script.renewTime } });
      } else if (request.method === 'POST') json(response, 201, { status: { allowed: true } });
      else if (request.method === 'PATCH') {
        if (request.query.has('dryRun')) {
          if (script.dryRun) script.dryRun(request, response);
          else json(response, 200, withPatch(cluster.pod, request));
        } else if (script.patch) script.patch(request, response, cluster);
        else json(response, 200, withPatch(cluster.pod, request));
      } else if (watching) {
        if (!script.podWatch?.(request, response)) open(response, podWatches);
      } else if (request.path.endsWith('/pods'))
        json(response, 200, { metadata: { resourceVersion: '20' }, items: [cluster.pod] });
      else json(response, 200, cluster.pod);
    },
  });
  const cluster: ScriptedCluster = {
    server,
    pod: script.pod ?? podWith(),
    requests: () => server.requests.map(({ method, path }) => `${method} ${path}`),
    watched: () => bothOpen.promise,
    watching: () => [...podWatches, ...eventWatches].filter(({ closed }) => !closed).length,
    change: (pod, type = 'MODIFIED') => {
      cluster.pod = pod;
      say(podWatches, { type, object: pod });
    },
    event: (reason, message, container) =>
      say(eventWatches, { type: 'ADDED', object: aboutContainer({ reason, message, container }) }),
  };
  return cluster;
}
