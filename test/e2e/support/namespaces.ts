import { adminCall } from './adminApi.ts';
import { CHATTER, podName, readyPod } from './pods.ts';
import { eventually } from './process.ts';
import { kubectl, world } from './world.ts';

/** Namespaces that this file created. */
const made: string[] = [];

/** Creates a namespace in which pods can be created. It is removed after the file. */
export async function namespaceFor(
  purpose: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<string> {
  const name = podName(`netdebug-e2e-${purpose}`);
  const metadata = { name, labels: { ...world.label, ...labels } };
  await adminCall('POST', '/api/v1/namespaces', { metadata });
  made.push(name);
  if (world.kind === 'local') return name;
  // Pods are rejected until a controller has created it.
  const account = `/api/v1/namespaces/${name}/serviceaccounts/default`;
  const exists = () =>
    adminCall('GET', account).then(
      () => true,
      () => false,
    );
  if (!(await eventually(exists))) throw new Error(`no service account in ${name}`);
  return name;
}

/** Deletes the namespaces that this file created, without waiting. */
export async function deleteMadeNamespaces(): Promise<void> {
  const names = made.splice(0);
  if (names.length > 0) await kubectl(['delete', 'namespaces', ...names, '--wait=false']);
}

/** A pod in the namespace that sends datagrams to an unused address, so that there is something to capture. */
export async function chattingPod(namespace: string): Promise<string> {
  const pod = podName('chatting');
  await adminCall('POST', `/api/v1/namespaces/${namespace}/pods`, {
    metadata: { name: pod },
    spec: {
      nodeName: world.nodes[0],
      terminationGracePeriodSeconds: 0,
      containers: [
        {
          name: 'main',
          image: world.appImage,
          imagePullPolicy: 'IfNotPresent',
          command: CHATTER,
          env: [{ name: 'TO', value: '10.255.255.254' }],
        },
      ],
    },
  });
  await readyPod(pod, namespace);
  return pod;
}

/** Flags to run a command as a user with only these rules in these namespaces. */
export async function userWith(
  rules: Readonly<Record<string, readonly object[]>>,
): Promise<string[]> {
  const name = podName('user');
  for (const [namespace, ofNamespace] of Object.entries(rules)) {
    const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`;
    await adminCall('POST', `${rbac}/roles`, { metadata: { name }, rules: ofNamespace });
    await adminCall('POST', `${rbac}/rolebindings`, {
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name }],
    });
  }
  return ['--as', name];
}
