import { setTimeout } from 'node:timers/promises';
import { type JsonObject, objectAt, objectsAt, stringAt } from '../json.ts';
import { recording as plainRecording } from '../recording.ts';
import { debuggerContainer } from '../testPods.ts';
import type { Call } from '../testServer.ts';
import {
  asRecorded,
  recordedExec,
  recordedWatch,
  replayExec,
  watchAsRecorded,
} from './exchange.ts';
import { itemsOf, type RecordedName, type Scene } from './scene.ts';

/** A recorded exchange, and how to repeat it. */
export interface Case {
  readonly recording: string;
  /** Prepares the scene and sends the request. Returns both sides in the same form. */
  replay(scene: Scene): Promise<{ recorded: unknown; actual: unknown }>;
}

const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
const DISCOVERY = new Set([
  'version',
  'readyz',
  'api',
  'apis',
  'apis-aggregated',
  'api-v1',
  'apis-apps-v1',
]);
const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

/** A plain request. `prepare` creates its object, and may return more options of the call. */
function rest(
  recording: string,
  path: (scene: Scene) => string,
  prepare: (scene: Scene, recorded: JsonObject) => Promise<Call> = async () => ({}),
): Case {
  return {
    recording,
    async replay(scene) {
      // The server's description of itself contains no names of the scene.
      const recorded = DISCOVERY.has(recording)
        ? plainRecording(recording)
        : scene.recorded(recording);
      const call = await prepare(scene, recorded);
      return { recorded, actual: asRecorded(await scene.server.call(path(scene), call)) };
    },
  };
}

const PODS_OF_THE_NAMESPACE = async (scene: Scene): Promise<Call> => {
  await scene.makeNamespace();
  for (const pod of itemsOf(scene.recorded('pod-list'))) await scene.makePod(pod);
  return {};
};

const ONE_POD = async (scene: Scene, recorded: JsonObject): Promise<Call> => {
  await scene.makeNamespace();
  await scene.makePod(recorded.body);
  return {};
};

const NOTHING = (scene: Scene) => scene.makeNamespace().then((): Call => ({}));

const READS: readonly Case[] = [
  rest('version', () => '/version'),
  rest('readyz', () => '/readyz'),
  rest('api', () => '/api'),
  rest('apis', () => '/apis'),
  rest(
    'apis-aggregated',
    () => '/apis',
    async () => ({ accept: AGGREGATED }),
  ),
  rest('api-v1', () => '/api/v1'),
  rest('apis-apps-v1', () => '/apis/apps/v1'),
  rest('pod-get', (scene) => scene.path('a'), ONE_POD),
  rest('pod-get-after-ephemeral', (scene) => scene.path('a'), ONE_POD),
  rest('pod-get-nonroot', (scene) => scene.path('nonroot'), ONE_POD),
  rest('pod-get-404', (scene) => scene.path('nope'), NOTHING),
  rest('pod-list', (scene) => scene.path(), PODS_OF_THE_NAMESPACE),
  rest(
    'pod-list-fieldSelector',
    (scene) => `${scene.path()}?fieldSelector=spec.nodeName%3Dnode-1`,
    PODS_OF_THE_NAMESPACE,
  ),
  rest(
    'pod-get-table',
    (scene) => scene.path(),
    async (scene) => {
      await PODS_OF_THE_NAMESPACE(scene);
      return { accept: TABLE };
    },
  ),
  rest(
    'log-404',
    (scene) => scene.path('a', `log?container=${scene.names.nope}`),
    async (scene) => ONE_POD(scene, scene.recorded('pod-get')),
  ),
  rest(
    'log',
    (scene) => scene.path('a', 'log'),
    async (scene) => ONE_POD(scene, scene.recorded('pod-get')),
  ),
  rest(
    'namespace',
    (scene) => `/api/v1/namespaces/${scene.names['psa-baseline']}`,
    async (scene) => {
      await scene.makeNamespace('psa-baseline', {
        'pod-security.kubernetes.io/enforce': 'baseline',
      });
      return {};
    },
  ),
  {
    // The kubelet's later updates of the pod are not the API server's work.
    recording: 'pod-watch-through-injection',
    async replay(scene) {
      const recorded = recordedWatch(scene.recorded('pod-watch-through-injection'));
      const events = objectsAt(recorded.events).slice(0, 2);
      await scene.makeNamespace();
      const query =
        'watch=true&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&timeoutSeconds=1';
      const watching = scene.server.call(`${scene.path()}?${query}`);
      await setTimeout(300);
      const { status: _status, ...pod } = objectAt(events[1]?.object);
      await scene.makePod(pod);
      const actual = watchAsRecorded(await watching);
      return {
        recorded: { ...recorded, events },
        actual: { ...actual, events: objectsAt(actual.events).slice(0, 2) },
      };
    },
  },
  {
    recording: 'watch-expired-410',
    async replay(scene) {
      await scene.makeNamespace();
      const answer = await scene.server.call(`${scene.path()}?watch=true&resourceVersion=1`);
      const recorded = recordedWatch(scene.recorded('watch-expired-410'));
      return { recorded, actual: watchAsRecorded(answer) };
    },
  },
];

const WRITES: readonly Case[] = [
  rest(
    'pod-create',
    (scene) => scene.path(),
    async (scene, recorded) => {
      await scene.makeNamespace();
      const { metadata, spec } = objectAt(recorded.body);
      const { name, labels } = objectAt(metadata);
      const { terminationGracePeriodSeconds, nodeName, containers } = objectAt(spec);
      const [{ name: container, image, command } = {}] = objectsAt(containers);
      return {
        method: 'POST',
        body: {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { name, labels },
          spec: {
            terminationGracePeriodSeconds,
            ...(nodeName !== undefined && { nodeName }),
            containers: [{ name: container, image, command }],
          },
        },
      };
    },
  ),
  rest(
    'pod-delete',
    (scene) => scene.path('a'),
    async (scene, recorded) => {
      await ONE_POD(scene, recorded);
      return { method: 'DELETE' };
    },
  ),
];

/** Adds a debugger to the pod in its earlier state, which was recorded as `pod`. */
function inject(
  recording: string,
  change: (scene: Scene) => JsonObject,
  { query = '', pod = 'pod-get' } = {},
): Case {
  return {
    recording: `ephemeral-${recording}`,
    async replay(scene) {
      const recorded = scene.recorded(`ephemeral-${recording}`);
      const target = recorded.status === 200 ? podBefore(recorded) : scene.recorded(pod).body;
      await scene.makeNamespace();
      await scene.makePod(target);
      const container: JsonObject = {
        ...debuggerContainer(scene.names.dbg, scene.names.main),
        ...change(scene),
      };
      const { name } = objectAt(objectAt(target).metadata);
      const path = `/api/v1/namespaces/${scene.names.rec}/pods/${stringAt(name)}`;
      return { recorded, actual: asRecorded(await scene.addDebugger(path, container, query)) };
    },
  };
}

/** The pod in an answer without the last added debugger, which comes first. */
function podBefore({ body }: JsonObject): JsonObject {
  const pod = objectAt(body);
  const spec = objectAt(pod.spec);
  return {
    ...pod,
    spec: { ...spec, ephemeralContainers: objectsAt(spec.ephemeralContainers).slice(1) },
  };
}

/** This request was recorded after the debuggers before it had been added. */
const AFTER_DBG = { pod: 'pod-get-after-ephemeral' };

const INJECTIONS: readonly Case[] = [
  inject('patch-ok', () => ({})),
  inject('bad-name-422', ({ names }) => ({ name: names.Bad_Name })),
  inject('bad-target-422', ({ names }) => ({ targetContainerName: names.nope })),
  inject('name-clash-422', ({ names }) => ({ name: names.main })),
  inject('ports-forbidden-422', () => ({ ports: [{ containerPort: 80 }] })),
  inject('resources-forbidden-422', () => ({ resources: { limits: { cpu: '1' } } })),
  inject('no-image-422', () => ({ image: undefined })),
  inject('change-existing-422', () => ({ image: 'nicolaka/netshoot:latest' }), AFTER_DBG),
  inject('unknown-field', ({ names }) => ({ name: names.x5, bogusField: 1 })),
  inject('strict-unknown-field', ({ names }) => ({ name: names.x6, bogusField: 1 }), {
    query: '?fieldValidation=Strict',
    ...AFTER_DBG,
  }),
  inject('missing-image', ({ names }) => ({
    name: names.noimg,
    image: 'registry.invalid/none:1',
  })),
  inject('nonroot-conflict', () => ({ securityContext: { capabilities: { add: ['NET_RAW'] } } })),
  rest(
    'ephemeral-pod-404',
    (scene) => scene.path('nope', 'ephemeralcontainers'),
    async (scene) => {
      await scene.makeNamespace();
      return patchOf(debuggerContainer(scene.names.dbg, scene.names.main));
    },
  ),
  rest(
    'ephemeral-static-pod',
    (scene) => scene.path('static-node-1', 'ephemeralcontainers'),
    async (scene) => {
      await scene.makeNamespace();
      const pod = renamedPod(scene, 'static-node-1');
      await scene.makePod(pod, { 'kubernetes.io/config.mirror': 'x' });
      return patchOf(debuggerContainer(scene.names.dbg, scene.names.main));
    },
  ),
  ...(['baseline', 'restricted'] as const).map((level) =>
    rest(
      `ephemeral-psa-${level}`,
      (scene) => scene.path('p', 'ephemeralcontainers', `psa-${level}`),
      async (scene) => {
        await scene.makeNamespace(`psa-${level}`, {
          'pod-security.kubernetes.io/enforce': level,
        });
        await scene.makePod(modestPod(scene, `psa-${level}`));
        return patchOf(debuggerContainer(scene.names['rec-dbg'], scene.names.main));
      },
    ),
  ),
];

function patchOf(container: JsonObject): Call {
  return {
    method: 'PATCH',
    contentType: 'application/strategic-merge-patch+json',
    body: { spec: { ephemeralContainers: [container] } },
  };
}

function renamedPod(scene: Scene, name: RecordedName): JsonObject {
  const pod = objectAt(scene.recorded('pod-get').body);
  return { ...pod, metadata: { ...objectAt(pod.metadata), name: scene.names[name] } };
}

/** A pod that every Pod Security level allows. */
function modestPod(scene: Scene, namespace: RecordedName): JsonObject {
  const securityContext = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };
  return {
    metadata: { name: scene.names.p, namespace: scene.names[namespace] },
    spec: {
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [{ name: scene.names.main, image: 'nginx:1', securityContext }],
    },
  };
}

const REVIEWS = '/apis/authorization.k8s.io/v1';

function accessReview(recording: string, user: string): Case {
  return rest(
    recording,
    () => `${REVIEWS}/selfsubjectaccessreviews`,
    async (_scene, recorded) => {
      const { kind, apiVersion, spec } = objectAt(recorded.body);
      return { method: 'POST', user, body: { kind, apiVersion, spec } };
    },
  );
}

const RULES_REVIEW = rest(
  'ssrr',
  () => `${REVIEWS}/selfsubjectrulesreviews`,
  async (scene) => {
    // A user with the role of an administrator, as in the recording, but not in the group of the superusers.
    const name = scene.names.a;
    await scene.must('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      method: 'POST',
      body: {
        metadata: { name },
        roleRef: { kind: 'ClusterRole', name: 'cluster-admin' },
        subjects: [{ kind: 'User', name }],
      },
    });
    const spec = { namespace: scene.names.rec };
    return { method: 'POST', headers: { 'impersonate-user': name }, body: { spec } };
  },
);

const ACCESS: readonly Case[] = [
  rest(
    'unauthorized-401',
    (scene) => scene.path(),
    async () => ({
      headers: { authorization: 'Bearer nobody-has-this' },
    }),
  ),
  rest(
    'rbac-pod-get-403',
    (scene) => scene.path('a'),
    async () => ({ user: 'nobody' }),
  ),
  rest(
    'rbac-ephemeral-403',
    (scene) => scene.path('a', 'ephemeralcontainers'),
    async (scene) => ({
      ...patchOf(debuggerContainer(scene.names.dbg, scene.names.main)),
      user: 'nobody',
    }),
  ),
  accessReview('ssar-allowed', 'admin-token'),
  accessReview('ssar-denied', 'nobody'),
  RULES_REVIEW,
];

/** An exec into a pod that is created with the named containers, all of them running. */
function exec(
  recording: string,
  containers: readonly RecordedName[] = ['dbg'],
  user?: string,
): Case {
  return {
    recording: `exec-${recording}`,
    async replay(scene) {
      const recorded = scene.recorded(`exec-${recording}`);
      await scene.makeNamespace();
      const pod = recording === 'no-container-multi' ? 'multi-1' : 'a';
      await scene.makePod({
        metadata: { name: scene.names[pod], namespace: scene.names.rec },
        spec: {
          nodeName: 'node-1',
          containers: containers.map((name) => ({ name: scene.names[name], image: 'nginx:1' })),
        },
        status: {
          containerStatuses: containers
            // Its image cannot be pulled.
            .filter((name) => name !== 'noimg')
            .map((name) => ({ name: scene.names[name], state: { running: {} } })),
        },
      });
      const path = pathUnderNames(scene, String(recorded.path));
      return {
        recorded: recordedExec(recorded),
        actual: await replayExec(scene, { ...recorded, path }, user),
      };
    },
  };
}

function pathUnderNames({ names }: Scene, path: string): string {
  const own: Readonly<Record<string, string>> = { ...names, default: names.rec };
  const url = new URL(path, 'https://localhost');
  const segments = url.pathname.split('/').map((segment) => own[segment] ?? segment);
  const container = url.searchParams.get('container');
  if (container !== null) url.searchParams.set('container', own[container] ?? container);
  return `${segments.join('/')}?${url.searchParams}`;
}

const EXECS: readonly Case[] = [
  exec('v5-ok'),
  exec('v5-exit3'),
  exec('v5-killed'),
  exec('v5-stdin-halfclose'),
  exec('bad-protocol'),
  exec('container-404'),
  exec('no-container-multi', ['nginx', 'side']),
  exec('no-streams'),
  exec('not-running', ['dbg', 'noimg']),
  exec('pod-404'),
  exec('rbac-403', ['dbg'], 'nobody'),
];

export const CASES: readonly Case[] = [...READS, ...WRITES, ...INJECTIONS, ...ACCESS, ...EXECS];
