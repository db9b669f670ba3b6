import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { enterWords } from '../../kubernetes/node.ts';
import { adminCall } from './adminApi.ts';
import { podName } from './pods.ts';
import { eventually } from './process.ts';
import { kubectl, world } from './world.ts';

const run = promisify(execFile);
const ADMISSION = '/apis/admissionregistration.k8s.io/v1';

/** Kills the process that holds a pod's namespaces; its kubelet makes a new sandbox. Needs access to the nodes. */
export async function killSandbox(pod: string): Promise<void> {
  if (world.kind === 'local') {
    await kubectl(['annotate', 'pod', pod, 'netdebug.test/kill-sandbox=once']);
    return;
  }
  const { metadata, spec } = (await adminCall(
    'GET',
    `/api/v1/namespaces/${world.namespace}/pods/${pod}`,
  )) as { metadata: { uid: string }; spec: { nodeName: string } };
  const init = world.nodeProcesses?.[spec.nodeName];
  if (init === undefined) throw new Error(`no access to ${spec.nodeName}`);
  const ctr = (...words: string[]) =>
    run('nsenter', [...enterWords(init), 'ctr', '-n', 'k8s.io', ...words]);
  const labels = `labels."io.kubernetes.pod.uid"==${metadata.uid},labels."io.cri-containerd.kind"==sandbox`;
  const { stdout } = await ctr('containers', 'ls', '-q', labels);
  await ctr('tasks', 'kill', '-s', 'SIGKILL', stdout.trim());
}

/** Lets the admission of a namespace refuse every change of a pod's ephemeral containers, with these words. */
export async function denyDebuggers(namespace: string, words: string): Promise<void> {
  if (world.kind === 'local') {
    await kubectl(['annotate', 'namespace', namespace, `netdebug.test/deny=${words}`]);
    return;
  }
  const metadata = { name: podName('netdebug-e2e-deny'), labels: world.label };
  await adminCall('POST', `${ADMISSION}/validatingadmissionpolicies`, {
    metadata,
    spec: {
      failurePolicy: 'Fail',
      matchConstraints: {
        resourceRules: [
          {
            ...{ apiGroups: [''], apiVersions: ['v1'], operations: ['UPDATE'] },
            resources: ['pods/ephemeralcontainers'],
          },
        ],
      },
      validations: [{ expression: 'false', message: words }],
    },
  });
  await adminCall('POST', `${ADMISSION}/validatingadmissionpolicybindings`, {
    metadata,
    spec: {
      policyName: metadata.name,
      validationActions: ['Deny'],
      matchResources: {
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
      },
    },
  });
}

/** Resolves when the admission of a namespace refuses a debugger in the pod: policies take seconds to work. */
export async function untilDenied(namespace: string, pod: string): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}/pods/${pod}`;
  const isDenied = () =>
    adminCall('PATCH', `${path}/ephemeralcontainers?dryRun=All`, {
      spec: { ephemeralContainers: [{ name: 'trial', image: world.appImage }] },
    }).then(
      () => false,
      () => true,
    );
  if (!(await eventually(isDenied))) throw new Error(`nothing denies debuggers of ${pod}`);
}
