import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CoreV1Api, KubeConfig, KubernetesObjectApi } from '@kubernetes/client-node';
import type { LocalCluster } from './cluster.ts';

/** The namespace of the samples. */
const NAMESPACE = 'samples';
/** An address of the service network that is never assigned automatically. */
const WEB_ADDRESS = '10.96.0.80';

const busybox = 'busybox:1.36';
const nginx = 'nginx:1.27';
/** Ends at once on SIGTERM. */
const idle = ['sh', '-c', 'trap "exit 0" TERM; sleep 1000000 & wait'];
const ask = `while sleep 1; do timeout 2 wget -qO- http://${WEB_ADDRESS}/ >/dev/null 2>&1; done`;

interface Sample {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
}

function sample(apiVersion: string, kind: string, name: string, spec: object): Sample {
  const metadata = { name, namespace: NAMESPACE, labels: { app: name } };
  return { apiVersion, kind, metadata, spec };
}

/** A workload whose pods have these containers. */
function workload(kind: string, name: string, containers: object[], more: object = {}): Sample {
  const labels = { app: name };
  const template = {
    metadata: { labels },
    spec: { terminationGracePeriodSeconds: 1, containers },
  };
  return sample('apps/v1', kind, name, { selector: { matchLabels: labels }, template, ...more });
}

function pod(name: string, spec: object): Sample {
  return sample('v1', 'Pod', name, { terminationGracePeriodSeconds: 1, ...spec });
}

/** A pod with one container of that image and these other fields. */
function onePod(name: string, image: string, container: object = {}, spec: object = {}): Sample {
  return pod(name, { containers: [{ name: 'main', image, ...container }], ...spec });
}

/** Typical workloads, and pods that are hard to debug. */
const SAMPLES: readonly Sample[] = [
  workload('Deployment', 'web', [{ name: 'nginx', image: nginx, ports: [{ containerPort: 80 }] }], {
    replicas: 2,
  }),
  sample('v1', 'Service', 'web', {
    clusterIP: WEB_ADDRESS,
    selector: { app: 'web' },
    ports: [{ port: 80 }],
  }),
  workload('DaemonSet', 'client', [{ name: 'main', image: busybox, command: ['sh', '-c', ask] }]),
  pod('two-containers', {
    containers: [
      { name: 'web', image: nginx },
      { name: 'sidecar', image: busybox, command: idle },
    ],
  }),
  onePod('distroless', 'registry.local/distroless:1'),
  onePod('nonroot', busybox, {
    command: idle,
    securityContext: {
      runAsUser: 65532,
      runAsGroup: 65532,
      runAsNonRoot: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
    },
  }),
  onePod('guaranteed', busybox, {
    command: idle,
    resources: { limits: { cpu: '50m', memory: '32Mi' } },
  }),
  onePod('host-network', busybox, { command: idle }, { hostNetwork: true }),
  onePod('crashing', busybox, { command: ['sh', '-c', 'echo no configuration >&2; exit 1'] }),
  onePod(
    'init-stuck',
    busybox,
    { command: idle },
    {
      initContainers: [{ name: 'wait-for-database', image: busybox, command: idle }],
    },
  ),
  onePod('finished', busybox, { command: ['echo', 'done'] }, { restartPolicy: 'Never' }),
  onePod('pending', busybox, { command: idle }, { nodeSelector: { disk: 'tape' } }),
  onePod('no-image', 'registry.invalid/missing:1'),
  pod('shared-processes', {
    shareProcessNamespace: true,
    containers: [
      { name: 'one', image: busybox, command: idle },
      { name: 'two', image: busybox, command: idle },
    ],
  }),
  // The second sleep is the first one's parent, and never reaps it.
  onePod('no-reaper', busybox, { command: ['sh', '-c', 'sleep 1 & exec sleep 1000000'] }),
  windowsNode('node-w'),
  onePod(
    'windows',
    'mcr.microsoft.com/windows/nanoserver:ltsc2022',
    {},
    {
      nodeName: 'node-w',
      os: { name: 'windows' },
      nodeSelector: { 'kubernetes.io/os': 'windows' },
    },
  ),
];

/** A node without a machine. */
function windowsNode(name: string): Sample {
  const labels = {
    'kubernetes.io/arch': 'amd64',
    'kubernetes.io/hostname': name,
    'kubernetes.io/os': 'windows',
    'node.kubernetes.io/windows-build': '10.0.20348',
  };
  const taints = [{ key: 'os', value: 'windows', effect: 'NoSchedule' }];
  return { apiVersion: 'v1', kind: 'Node', metadata: { name, labels }, spec: { taints } };
}

/** Creates the samples in a separate namespace of a cluster, without waiting for anything. */
export async function createSamples({
  kubeconfig,
  staticPodFolders,
}: Pick<LocalCluster, 'kubeconfig' | 'staticPodFolders'>): Promise<void> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const api = KubernetesObjectApi.makeApiClient(config);
  await api.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
  for (const sample of SAMPLES) await api.create(sample);
  const manifest = JSON.stringify(onePod('static-web', nginx));
  await writeFile(join(staticPodFolders['node-a'] ?? '', 'static-web.json'), manifest);
  await pretendWindows(config.makeApiClient(CoreV1Api));
}

/** Sets the status of the Windows node and its pod as their kubelet would. */
async function pretendWindows(api: CoreV1Api): Promise<void> {
  const node = await api.readNode({ name: 'node-w' });
  const ready = { type: 'Ready', status: 'True' };
  node.status = { conditions: [ready] };
  await api.replaceNodeStatus({ name: 'node-w', body: node });
  const name = { name: 'windows', namespace: NAMESPACE };
  const windows = await api.readNamespacedPod(name);
  const [{ image = '' } = {}] = windows.spec?.containers ?? [];
  const state = { running: { startedAt: new Date() } };
  const container = { name: 'main', image, imageID: '', ready: true, restartCount: 0, state };
  windows.status = { phase: 'Running', conditions: [ready], containerStatuses: [container] };
  await api.replaceNamespacedPodStatus({ ...name, body: windows });
}
