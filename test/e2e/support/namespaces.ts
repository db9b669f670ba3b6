import { adminCall } from './adminApi.ts';
import { CHATTER, podName } from './pods.ts';
import { kubectl, world } from './world.ts';

/** A namespace of its own, of the local cluster. */
export async function namespaceFor(purpose: string): Promise<string> {
  const name = podName(`netdebug-e2e-${purpose}`);
  await adminCall('POST', '/api/v1/namespaces', { metadata: { name } });
  return name;
}

/** A pod there that sends datagrams to nobody, so that there is something to see. */
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
  await kubectl(['-n', namespace, 'wait', '--for=condition=Ready', `pod/${pod}`, '--timeout=60s']);
  return pod;
}

/** Flags by which a command is that of a user with just these rules, in these namespaces. */
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
