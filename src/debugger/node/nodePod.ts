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
const MANAGED_BY = 'app.kubernetes.io/managed-by';

/** By these, our pods on nodes are found again. */
const NODE_LABELS = {
  'app.kubernetes.io/name': 'netdebug',
  [MANAGED_BY]: 'kubectl-netdebug',
} as const;

export const NODE_SELECTOR = Object.entries(NODE_LABELS)
  .map(([key, value]) => `${key}=${value}`)
  .join(',');

/** The kinds of pods that netdebug creates on nodes: a debugger, or a detached capture. */
type NodePodKind = 'node' | 'node-capture';

const TARGET = 'netdebug/target';
const PROFILE = 'netdebug/profile';
/** The idle seconds of a pod that outlives its command; others must not use a pod without it. */
const KEEP = 'netdebug/keep';

/** A client that is gone deletes nothing: so soon after its last process it ends by itself. In seconds. */
const IDLE_S = 20;
/** The kubelet ends it then in any case. In seconds: a day, longer than a capture is watched … */
const DEADLINE_S = 86_400;
/** … or, where it is known how long it is needed, so long after that: its start took time, too. */
const DEADLINE_MARGIN_S = 4 * 3_600;

/** What a node debugger is for: a pod on the node, or the node itself. */
interface OnNode {
  readonly node: string;
  readonly pod?: Pod | undefined;
}

export interface NodeTarget extends OnNode {
  /** Where its debugger is made, unless the request names another. */
  readonly namespace: string;
}

/** A pod, to be entered from its node. */
export function onItsNode(pod: Pod): NodeTarget {
  return { node: pod.spec.nodeName ?? '', namespace: pod.metadata.namespace, pod };
}

/** Where the debugger for a target is made. */
export function namespaceFor(
  { namespace }: Pick<NodeTarget, 'namespace'>,
  { nodeNamespace }: Pick<DebuggerRequest, 'nodeNamespace'>,
): string {
  return nodeNamespace ?? namespace;
}

export interface NodePodOptions {
  readonly name: string;
  readonly namespace: string;
  readonly owner?: string;
  /** Without AppArmor's profile, where that hides the node's processes from us. */
  readonly unconfined?: boolean;
  /** What it is for; absent for a debugger that any command may use. */
  readonly recorder?: NodeRecorder;
}

/** A detached capture: the main process of its pod. */
export interface NodeRecorder {
  readonly container: string;
  readonly command: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  /** Seconds after which the kubelet ends it, whatever it does. */
  readonly deadline: number;
}

/** Into the network that hold.sh holds. */
const ENTER_HELD = ['nsenter', '-n/proc/self/fd/9', '--'];

/** Labels and annotations from which `nodePodTarget` learns what a pod is for. */
export function targetAnnotation({ node, pod }: OnNode): Record<string, string> {
  return {
    [TARGET]: pod ? `pod/${pod.metadata.namespace}/${pod.metadata.name}` : `node/${node}`,
  };
}

/** Which of our pods on nodes it is; undefined when it is none. */
export function nodePodKind({ metadata: { labels } }: Pod): NodePodKind | undefined {
  if (labels?.[MANAGED_BY] !== NODE_LABELS[MANAGED_BY]) return undefined;
  return labels[KIND_LABEL] === 'node-capture' ? 'node-capture' : 'node';
}

/** The target of a pod on a node: `node/NAME`, or a pod, with its namespace where that differs. */
export function nodePodTarget({
  annotations,
  namespace,
}: Pick<Pod['metadata'], 'annotations' | 'namespace'>): string {
  const text = annotations?.[TARGET] ?? '';
  const [, ofPod, pod = ''] = /^pod\/([^/]*)\/(.*)$/.exec(text) ?? [];
  if (ofPod === undefined) return text;
  return ofPod === namespace ? pod : `${ofPod}/${pod}`;
}

/** Whether it is the node's own network that is looked at. */
export function isOfNode({ pod }: OnNode): boolean {
  return pod === undefined || pod.spec.hostNetwork === true;
}

/**
 * A pod on the node that sees the node's processes, to find a pod's network by them. It mounts nothing
 * of the node, and is on the node's network only when that is the target.
 */
export function nodePod(target: OnNode, request: DebuggerRequest, options: NodePodOptions): NewPod {
  const { name, namespace, owner, unconfined, recorder } = options;
  const ofNode = isOfNode(target);
  const kind: NodePodKind = recorder ? 'node-capture' : 'node';
  const search = ofNode ? [] : searched(target.pod);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace,
      labels: { ...NODE_LABELS, [KIND_LABEL]: kind },
      annotations: {
        ...targetAnnotation(target),
        'netdebug/command': request.command ?? request.profile,
        ...(readsFacts(request) && { [PROFILE]: request.profile }),
        ...(request.keepNode !== undefined && { [KEEP]: String(request.keepNode) }),
        ...(owner !== undefined && { 'netdebug/owner': owner }),
      },
    },
    spec: {
      nodeName: target.node,
      tolerations: [{ operator: 'Exists' }],
      hostPID: true,
      ...(ofNode && { hostNetwork: true }),
      restartPolicy: 'Never',
      activeDeadlineSeconds: recorder?.deadline ?? deadlineOf(request),
      terminationGracePeriodSeconds: 1,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      containers: [
        {
          name: recorder?.container ?? NODE_CONTAINER,
          image: request.image,
          imagePullPolicy: request.pullPolicy,
          command: [
            ...(readsFacts(request)
              ? []
              : [
                  ...['sh', '-c', holdScript, 'netdebug', findScript, ownPortsScript],
                  ...[recorder ? 'leave' : 'stay', String(search.length), ...search],
                ]),
            ...(recorder
              ? [...(ofNode ? [] : ENTER_HELD), ...recorder.command]
              : ['sh', '-c', mainScript, 'netdebug', String(request.keepNode ?? IDLE_S)]),
          ],
          env: [...marks(request.image), ...(recorder?.env ?? [])],
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

function deadlineOf({ lifetime }: DebuggerRequest): number {
  return lifetime === undefined ? DEADLINE_S : Math.ceil(lifetime / 1000) + DEADLINE_MARGIN_S;
}

/** Profiles that read a node's state; each may do what those before it may. */
const FACTS_PROFILES: readonly string[] = ['facts', 'rules', 'probe'];

/** Whether it is for reading a node's state, and not for the network of one target. */
export function readsFacts({ profile }: Pick<DebuggerRequest, 'profile'>): boolean {
  return FACTS_PROFILES.includes(profile);
}

/** Whether a debugger that was kept on a node can serve this request: it has the capabilities. */
export function isKeptFor(pod: Pod, request: DebuggerRequest): boolean {
  const { annotations = {}, deletionTimestamp } = pod.metadata;
  const profile = annotations[PROFILE];
  const [container] = pod.spec.containers;
  return (
    annotations[KEEP] !== undefined &&
    deletionTimestamp === undefined &&
    pod.status?.phase === 'Running' &&
    (profile === request.profile ||
      (readsFacts(request) &&
        FACTS_PROFILES.indexOf(profile ?? '') > FACTS_PROFILES.indexOf(request.profile))) &&
    marks(request.image).every((mark) =>
      container?.env?.some(({ name, value }) => name === mark.name && value === mark.value),
    )
  );
}

/**
 * SYS_PTRACE to look at processes that are not ours, SYS_ADMIN to enter a network (setns(2)), and what
 * the work itself needs; DAC_OVERRIDE opens the /proc/PID/fd of other users.
 */
function capabilities(request: DebuggerRequest, ofNode: boolean): string[] {
  const { profile, image } = request;
  if (readsFacts(request)) {
    // iptables-legacy-save opens a raw socket to read rules (NET_RAW).
    const rules = profile === 'facts' ? [] : ['NET_ADMIN', 'NET_RAW'];
    const capture = profile === 'probe' ? toCapture(image) : [];
    return [...new Set(['SYS_PTRACE', 'SYS_ADMIN', ...rules, ...capture])];
  }
  return [
    ...toCapture(image),
    'SYS_PTRACE',
    ...(ofNode && !request.entersAny ? [] : ['SYS_ADMIN']),
    ...(profile === 'processes' ? ['DAC_OVERRIDE'] : []),
  ];
}

/** The annotation by which a mirror pod names its static pod: the UID that its kubelet uses. */
const STATIC_UID = 'kubernetes.io/config.hash';

/** By what a pod's processes are found on its node: its UIDs and the ids of its containers. */
export function podIdentifiers(pod: Pod): {
  readonly uids: readonly string[];
  readonly containers: readonly string[];
} {
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
  const containers = [...containerStatuses, ...initContainerStatuses].map(({ containerID }) =>
    containerID?.replace(/^.*:\/\//, ''),
  );
  const isWord = (word: string | undefined): word is string => /^[-\w]+$/.test(word ?? '');
  return {
    uids: [pod.metadata.annotations?.[STATIC_UID], pod.metadata.uid].filter(isWord),
    containers: containers.filter(isWord),
  };
}

function searched(pod: Pod | undefined): string[] {
  const { uids, containers } = pod ? podIdentifiers(pod) : { uids: [], containers: [] };
  return [...uids, '--', ...containers];
}
