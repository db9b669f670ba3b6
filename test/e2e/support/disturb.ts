import { setTimeout as wait } from 'node:timers/promises';
import { adminCall } from './adminApi.ts';
import { asRootOn, podProcessesScript } from './nodeRoot.ts';
import { podName } from './pods.ts';
import { eventually } from './process.ts';
import { type AtEnd, kubectl, world } from './world.ts';

const ADMISSION = '/apis/admissionregistration.k8s.io/v1';

/** Kills the process that holds a pod's namespaces, unknown to its kubelet, which makes a new sandbox. */
export async function killSandbox(pod: string): Promise<void> {
  const { uid, node } = await identityOf(pod);
  await asRootOn(
    node,
    `${podProcessesScript(uid)}
    for pid in $(processes); do
      if [ "$(cat "/proc/$pid/comm")" = pause ]; then kill -9 "$pid"; fi
    done`,
  );
}

/**
 * Stops, for some time, the processes on its node that start what runs in a pod. Resolves when they stand still, with the
 * time when they run again; `atEnd` is called with what lets them run, should the test end before.
 */
export async function stopShims(
  pod: string,
  milliseconds: number,
  atEnd: AtEnd,
): Promise<{ readonly over: Promise<void> }> {
  const { uid, node } = await identityOf(pod);
  const parents = `${podProcessesScript(uid)}
    for pid in $(processes); do sed -n 's/^PPid:[[:space:]]*//p' "/proc/$pid/status"; done | sort -u |
      while read -r pid; do
        case $(cat "/proc/$pid/comm" 2>/dev/null) in containerd-shim*) echo "$pid" ;; esac
      done`;
  const shims = (await asRootOn(node, parents)).trim().split('\n').join(' ');
  if (shims === '') throw new Error(`no shim of ${pod} on ${node}`);
  const go = () => asRootOn(node, `kill -CONT ${shims}`);
  await asRootOn(node, `kill -STOP ${shims}`);
  atEnd(() => void go().catch(() => {}));
  const over = wait(milliseconds).then(async () => {
    await go();
  });
  return { over };
}

async function identityOf(pod: string): Promise<{ uid: string; node: string }> {
  const path = '{.metadata.uid} {.spec.nodeName}';
  const [uid = '', node = ''] = (
    await kubectl(['get', 'pod', pod, '-o', `jsonpath=${path}`])
  ).split(' ');
  return { uid, node };
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
