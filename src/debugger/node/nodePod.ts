import type { NewPod, Pod } from '../../kube/pod.ts';
import { type DebuggerRequest, marks } from '../container.ts';
import mainScript from '../main.sh';
import { captureCapabilities } from '../profile.ts';
import findScript from './find.sh';
import holdScript from './hold.sh';
import ownPortsScript from './ownPorts.sh';

/** The only container of a node debugger. */
export const NODE_CONTAINER = 'netdebug';

const KIND_LABEL = 'netdebug/kind';
const MANAGED_BY = 'app.kubernetes.io/managed-by';

/** Labels that identify our pods on nodes. */
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
/**
 * The idle seconds of a pod that outlives its command. Pods without this annotation must not be reused by other
 * commands.
 */
const KEEP = 'netdebug/keep';

/** A client that was killed deletes nothing, so the pod ends this many seconds after its last process. */
const IDLE_S = 20;
/**
 * In any case the kubelet ends the pod after this many seconds: a day, which is longer than anyone watches a capture.
 */
const DEADLINE_S = 86_400;
/**
 * If the needed time is known, the deadline is this much later, because starting the pod takes time too. In seconds.
 */
const DEADLINE_MARGIN_S = 4 * 3_600;

/** The target of a node debugger: a pod on the node, or the node itself. */
interface OnNode {
  readonly node: string;
  readonly pod?: Pod | undefined;
}

export interface NodeTarget extends OnNode {
  /** The namespace of its debugger, unless the request names another. */
  readonly namespace: string;
}

/** A pod as a target that is entered from its node. */
export function nodeTargetOf(pod: Pod): NodeTarget {
  return { node: pod.spec.nodeName ?? '', namespace: pod.metadata.namespace, pod };
}

/** The namespace in which the debugger for a target is created. */
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
  /** Runs without AppArmor's profile, for nodes where that profile hides the node's processes. */
  readonly unconfined?: boolean;
  /** Set for a detached capture; absent for a debugger that runs commands. */
  readonly recorder?: NodeRecorder;
}

/** A detached capture as the main process of its pod. */
export interface NodeRecorder {
  readonly container: string;
  readonly command: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  /** Seconds after which the kubelet ends it in any case. */
  readonly deadline: number;
}

/** Enters the network that hold.sh holds open. */
const ENTER_HELD = ['nsenter', '-n/proc/self/fd/9', '--'];

/** The annotation from which `nodePodTarget` reads what a pod is for. */
export function targetAnnotation({ node, pod }: OnNode): Record<string, string> {
  return {
    [TARGET]: pod ? `pod/${pod.metadata.namespace}/${pod.metadata.name}` : `node/${node}`,
  };
}

/** The kind of one of our pods on nodes; undefined for any other pod. */
export function nodePodKind({ metadata: { labels } }: Pod): NodePodKind | undefined {
  if (labels?.[MANAGED_BY] !== NODE_LABELS[MANAGED_BY]) return undefined;
  return labels[KIND_LABEL] === 'node-capture' ? 'node-capture' : 'node';
}

/** The target of a pod on a node: `node/NAME`, or a pod, with its namespace if that differs. */
export function nodePodTarget({
  annotations,
  namespace,
}: Pick<Pod['metadata'], 'annotations' | 'namespace'>): string {
  const text = annotations?.[TARGET] ?? '';
  const [, ofPod, pod = ''] = /^pod\/([^/]*)\/(.*)$/.exec(text) ?? [];
  if (ofPod === undefined) return text;
  return ofPod === namespace ? pod : `${ofPod}/${pod}`;
}

/** Whether the target is the node's own network. */
export function isOfNode({ pod }: OnNode): boolean {
  return pod === undefined || pod.spec.hostNetwork === true;
}

/**
 * A pod on the node that sees the node's processes, which are used to find a pod's network. It mounts nothing of the
 * node, and uses the node's network only if that is the target.
 */
export function nodePod(target: OnNode, request: DebuggerRequest, options: NodePodOptions): NewPod {
  const { name, namespace, owner, unconfined, recorder } = options;
  const ofNode = isOfNode(target);
  const kind: NodePodKind = recorder ? 'node-capture' : 'node';
  const search = ofNode ? [] : searchArguments(target.pod);
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

/** Profiles that read a node's state, each with the rights of those before it. */
const FACTS_PROFILES: readonly string[] = ['facts', 'rules', 'probe'];

/** Whether the request reads a node's state rather than the network of one target. */
export function readsFacts({ profile }: Pick<DebuggerRequest, 'profile'>): boolean {
  return FACTS_PROFILES.includes(profile);
}

/**
 * Whether a kept debugger can serve this request: it runs, and has the same image and at least the required
 * capabilities.
 */
export function canReuse(pod: Pod, request: DebuggerRequest): boolean {
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
 * SYS_PTRACE is needed to inspect processes outside the debugger, SYS_ADMIN to enter a network (setns(2)), and
 * DAC_OVERRIDE to open the /proc/PID/fd of other users. The rest depends on the profile.
 */
function capabilities(request: DebuggerRequest, ofNode: boolean): string[] {
  const { profile, image } = request;
  if (readsFacts(request)) {
    // iptables-legacy-save opens a raw socket to read rules (NET_RAW).
    const rules = profile === 'facts' ? [] : ['NET_ADMIN', 'NET_RAW'];
    const capture = profile === 'probe' ? captureCapabilities(image) : [];
    return [...new Set(['SYS_PTRACE', 'SYS_ADMIN', ...rules, ...capture])];
  }
  return [
    ...captureCapabilities(image),
    'SYS_PTRACE',
    ...(ofNode && !request.entersAny ? [] : ['SYS_ADMIN']),
    ...(profile === 'processes' ? ['DAC_OVERRIDE'] : []),
  ];
}

/** The annotation of a mirror pod with the UID of its static pod, which its kubelet uses. */
const STATIC_UID = 'kubernetes.io/config.hash';

/** Identifies a pod's processes on its node: by the pod's UIDs and the ids of its containers. */
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

function searchArguments(pod: Pod | undefined): string[] {
  const { uids, containers } = pod ? podIdentifiers(pod) : { uids: [], containers: [] };
  return [...uids, '--', ...containers];
}
