import type { NewPod, Pod } from '../../kube/pod.ts';
import { type DebuggerRequest, marks } from '../container.ts';
import mainScript from '../main.sh';
import { toCapture } from '../profile.ts';
import findScript from './find.sh';
import holdScript from './hold.sh';
import ownPortsScript from './ownPorts.sh';

/** The one container of a node debugger. */
export const NODE_CONTAINER = 'netdebug';

const KIND_LABEL = 'netdebug/kind';

/** By these, node debuggers are found again. */
export const NODE_LABELS = {
  'app.kubernetes.io/name': 'netdebug',
  'app.kubernetes.io/managed-by': 'kubectl-netdebug',
  [KIND_LABEL]: 'node',
} as const;

/** A client that is gone deletes nothing: so soon after its last process it ends by itself. In seconds. */
const IDLE_S = 20;
/** Whatever happens, the kubelet ends it then. In seconds: a day, longer than anybody watches. */
const DEADLINE_S = 86_400;

/** What a node debugger is for: a pod on the node, or the node itself. */
export interface NodeTarget {
  readonly node: string;
  readonly pod?: Pod;
}

export interface NodePodOptions {
  readonly name: string;
  readonly namespace: string;
  readonly owner?: string;
  /** Without AppArmor's profile, where that hides the node's processes from us. */
  readonly unconfined?: boolean;
}

/** Whether it is the node's own network that is looked at. */
export function isOfNode({ pod }: NodeTarget): boolean {
  return pod === undefined || pod.spec.hostNetwork === true;
}

/**
 * A pod on the node that sees the node's processes, to find a pod's network by them. It mounts nothing
 * of the node, and is on the node's network only when that is the target.
 */
export function nodePod(
  target: NodeTarget,
  request: DebuggerRequest,
  options: NodePodOptions,
): NewPod {
  const { name, namespace, owner, unconfined } = options;
  const ofNode = isOfNode(target);
  const what = target.pod
    ? `pod/${target.pod.metadata.namespace}/${target.pod.metadata.name}`
    : `node/${target.node}`;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace,
      labels: NODE_LABELS,
      annotations: {
        'netdebug/target': what,
        'netdebug/command': request.command ?? request.profile,
        ...(owner !== undefined && { 'netdebug/owner': owner }),
      },
    },
    spec: {
      nodeName: target.node,
      tolerations: [{ operator: 'Exists' }],
      hostPID: true,
      ...(ofNode && { hostNetwork: true }),
      restartPolicy: 'Never',
      activeDeadlineSeconds: DEADLINE_S,
      terminationGracePeriodSeconds: 1,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      containers: [
        {
          name: NODE_CONTAINER,
          image: request.image,
          imagePullPolicy: request.pullPolicy,
          command: [
            ...['sh', '-c', holdScript, 'netdebug'],
            ...[mainScript, findScript, ownPortsScript, String(IDLE_S)],
            ...(ofNode ? [] : searched(target.pod)),
          ],
          env: marks(request.image),
          securityContext: {
            runAsUser: 0,
            runAsNonRoot: false,
            allowPrivilegeEscalation: false,
            capabilities: { drop: ['ALL'], add: capabilities(request, ofNode) },
            seccompProfile: { type: 'RuntimeDefault' },
            ...(unconfined && { appArmorProfile: { type: 'Unconfined' } }),
          },
        },
      ],
    },
  };
}

/**
 * SYS_PTRACE to look at processes that are not ours, SYS_ADMIN to enter a network (setns(2)), and what
 * the work itself needs; DAC_OVERRIDE opens the /proc/PID/fd of other users.
 */
function capabilities({ profile, image }: DebuggerRequest, ofNode: boolean): string[] {
  return [
    ...toCapture(image),
    'SYS_PTRACE',
    ...(ofNode ? [] : ['SYS_ADMIN']),
    ...(profile === 'processes' ? ['DAC_OVERRIDE'] : []),
  ];
}

/** The annotation by which a mirror pod names its static pod: the UID that its kubelet uses. */
const STATIC_UID = 'kubernetes.io/config.hash';

/** By what a pod's processes are found on its node: its UIDs and the ids of its containers. */
function searched(pod: Pod | undefined): string[] {
  const { containerStatuses = [], initContainerStatuses = [] } = pod?.status ?? {};
  const uids = [pod?.metadata.annotations?.[STATIC_UID], pod?.metadata.uid];
  const ids = [...containerStatuses, ...initContainerStatuses].map(({ containerID }) =>
    containerID?.replace(/^.*:\/\//, ''),
  );
  const given = (word: string | undefined) => word !== undefined && /^[-\w]+$/.test(word);
  return [...uids.filter(given), '--', ...ids.filter(given)] as string[];
}
