import { afterAll, beforeAll, expect, vi } from 'vitest';
import { KubeApi } from '../../../../src/kube/api.ts';
import { authenticate } from '../../../../src/kube/authentication.ts';
import { chooseContext } from '../../../../src/kube/kubeconfig.ts';
import {
  parseTargets,
  type Target,
  type TargetFlags,
  targetInNamespace,
} from '../../../../src/kube/targets/parseTargets.ts';
import { type Peer, parsePeer, peerInNamespace } from '../../../../src/kube/targets/peers.ts';
import { startTestServer, type TestServer } from '../../../cluster/apiserver/testServer.ts';
import { startControllers } from '../../../cluster/controllers/controllers.ts';
import { startFakeKubelet } from '../../../cluster/controllers/fakeKubelet.ts';
import { startScheduler } from '../../../cluster/scheduler.ts';
import { type FaultProxy, startFaultProxy } from '../../../faults/proxy.ts';

export const NAMESPACE = 'shop';

/** The local cluster's API server with its controllers, and pods that run without containers. */
export interface LocalApi {
  readonly server: TestServer;
  /** As one of the local cluster's users, through a proxy that can misbehave (test/faults). */
  api(user?: string, namespace?: string): Promise<KubeApi>;
  create(kind: string, name: string, spec: object, more?: object): Promise<void>;
  patch(kind: string, name: string, body: object): Promise<void>;
}

const COLLECTIONS: Readonly<Record<string, string>> = {
  Pod: '/api/v1/namespaces/NS/pods',
  Service: '/api/v1/namespaces/NS/services',
  EndpointSlice: '/apis/discovery.k8s.io/v1/namespaces/NS/endpointslices',
  Deployment: '/apis/apps/v1/namespaces/NS/deployments',
  StatefulSet: '/apis/apps/v1/namespaces/NS/statefulsets',
  DaemonSet: '/apis/apps/v1/namespaces/NS/daemonsets',
  Job: '/apis/batch/v1/namespaces/NS/jobs',
  CronJob: '/apis/batch/v1/namespaces/NS/cronjobs',
};

/** The template of pods with this label. */
export function template(app: string, spec: object = {}) {
  const containers = [{ name: 'main', image: 'nginx:1.27' }];
  return { metadata: { labels: { app } }, spec: { containers, ...spec } };
}

/** Starts one for the tests of a file. */
/** Targets as the user writes them, in the namespace of the tests. */
export function targetsOf(words: readonly string[], flags: TargetFlags = {}): Target[] {
  return parseTargets(words, flags).map((target) => targetInNamespace(target, NAMESPACE));
}

/** A peer as the user writes it, in the namespace of the tests. */
export function peerOf(word: string): Peer {
  return peerInNamespace(parsePeer(word), NAMESPACE);
}

export function localApi(): LocalApi {
  vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });
  let server: TestServer;
  let faults: FaultProxy;
  const ends: (() => void)[] = [];
  const apis: KubeApi[] = [];
  beforeAll(async () => {
    server = await startTestServer();
    faults = await startFaultProxy({ admin: server.kubeconfigs.admin ?? '' });
    const { store } = server;
    for (const name of ['node-1', 'node-2']) {
      const labels = { 'kubernetes.io/hostname': name };
      const status = { addresses: [{ type: 'InternalIP', address: `192.0.2.${name.at(-1)}` }] };
      store.create('nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name, labels }, status });
    }
    ends.push(startScheduler(store), startFakeKubelet(store), startControllers(store));
    for (const name of [NAMESPACE, 'other'])
      await server.call('/api/v1/namespaces', { method: 'POST', body: { metadata: { name } } });
  });
  afterAll(async () => {
    for (const api of apis) api.close();
    for (const end of ends) end();
    await faults.close();
    await server.close();
  });
  return {
    get server() {
      return server;
    },
    async api(user = 'admin', namespace = NAMESPACE) {
      const kubeconfig = await faults.kubeconfig(server.kubeconfigs[user] ?? '');
      const api = new KubeApi(await authenticate(chooseContext({ kubeconfig, namespace })));
      apis.push(api);
      return api;
    },
    async create(kind, name, spec, { namespace = NAMESPACE, labels = {}, ...more }: Extra = {}) {
      const body = { kind, metadata: { name, labels }, ...(kind !== 'EndpointSlice' && { spec }) };
      const path = COLLECTIONS[kind]?.replace('NS', namespace) ?? '';
      const answer = await server.call(path, { method: 'POST', body: { ...body, ...more } });
      expect(answer.status, answer.text).toBe(201);
    },
    async patch(kind, name, body) {
      const path = `${COLLECTIONS[kind]?.replace('NS', NAMESPACE)}/${name}`;
      const contentType = 'application/merge-patch+json';
      const answer = await server.call(path, { method: 'PATCH', contentType, body });
      expect(answer.status, answer.text).toBe(200);
    },
  };
}

interface Extra {
  readonly namespace?: string;
  readonly labels?: object;
  readonly [field: string]: unknown;
}
