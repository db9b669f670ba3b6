import type { Pod } from '../kube/pod.ts';
import { Problem, type ProblemKind } from '../problem.ts';
import { type Refusal, refusalText } from './refusal.ts';
import { CONTAINERS, EXEC, nextSteps, roleSteps } from './refusals.ts';

/** Why no debugger can be added to a pod. */
export interface NoEphemeral {
  readonly kind: ProblemKind;
  /** In a few words, for a notice. */
  readonly text: string;
  /** The whole reason, in the API server's own words where there are any. */
  readonly message: string;
  readonly next: readonly string[];
  /** Whether a pod on the node may be used instead; false if an admission policy refused the debugger. */
  readonly nodeInstead: boolean;
  /** The user lacks permissions; `next` contains the Role to ask for. */
  readonly isPermissionError?: true;
  readonly cause?: unknown;
}

/** A debugger on the node is not possible either. */
export class NodeRefused extends Problem {}

/** The user lacks the permissions for debuggers on nodes. */
export class NodePermissionsMissing extends NodeRefused {}

/** The pod is a static pod. */
export function staticPod(pod: Pod): NoEphemeral {
  const text = `pod "${pod.metadata.name}" is a static pod, and the API server allows no ephemeral containers in it`;
  return { kind: 'unsuitable', text, message: text, next: [], nodeInstead: true };
}

/** A debugger in the pod could not be watched; `permission` is the missing permission, such as `watch pods`. */
export function watchRefused(pod: Pod, permission: string): NoEphemeral {
  return missingPermission(pod, 'see when debuggers start', permission);
}

/** An exec in the pod was refused before anything was changed. */
export function execRefused(pod: Pod, refusal: Refusal): NoEphemeral {
  const { namespace } = pod.metadata;
  if (refusal.by === 'rights')
    return missingPermission(pod, 'run commands in pods', missingExecPermission(refusal));
  const text = refusalText(refusal);
  const next = nextSteps(refusal, namespace, EXEC);
  return {
    kind: refusal.error.kind,
    text,
    message: `exec is refused, and nothing was changed: ${text}`,
    next,
    nodeInstead: false,
  };
}

/** The permission that an exec lacks. */
export function missingExecPermission({ error }: Refusal): string {
  return /create(?: resource "| )pods\/exec/.test(error.serverMessage)
    ? 'create pods/exec'
    : 'get pods/exec';
}

function missingPermission(pod: Pod, what: string, permission: string): NoEphemeral {
  const { namespace } = pod.metadata;
  const text = `you may not ${permission} in namespace "${namespace}", which is required to ${what}`;
  const next = roleSteps(namespace);
  return {
    kind: 'forbidden',
    text,
    message: `${text}; nothing was changed`,
    next,
    nodeInstead: true,
    isPermissionError: true,
  };
}

/** Every debugger in the pod was refused. */
export function containerRefused(pod: Pod, refusal: Refusal): NoEphemeral {
  const { name, namespace } = pod.metadata;
  const { by, error } = refusal;
  if (by === 'static') return staticPod(pod);
  const known = { kind: error.kind, message: refusalText(refusal), cause: error };
  const old = by === 'pod-security' ? oldDebuggers(pod, error.serverMessage) : [];
  if (old.length > 0)
    return {
      ...known,
      text: `${old.join(', ')} in pod "${name}" violates a policy that was tightened later, and blocks every new debugger`,
      next: [
        `the ephemeral container ${old.join(', ')}, added when namespace "${namespace}" allowed it, violates`,
        'its current Pod Security level; the API server therefore refuses new ones, and none can be',
        'removed: replace the pod (kubectl delete pod, if a controller recreates it), or restore the old level',
      ],
      nodeInstead: true,
    };
  const text = {
    rights: 'you may not add ephemeral containers to it',
    'pod-security': `Pod Security in namespace "${namespace}" allows no debugger in the pod`,
    openshift: "OpenShift's security context constraints allow no debugger in the pod",
    webhook: 'an admission policy refuses the debugger',
    policy: 'an admission policy refuses the debugger',
    unreachable: 'an admission webhook does not respond',
    quota: 'a quota refuses the debugger',
    other: 'the API server refuses the debugger',
  }[by];
  const nodeInstead = by === 'rights' || by === 'pod-security' || by === 'openshift';
  const isPermissionError = by === 'rights' && { isPermissionError: true as const };
  return {
    ...known,
    text,
    next: nextSteps(refusal, namespace, CONTAINERS),
    nodeInstead,
    ...isPermissionError,
  };
}

/** Our containers in the pod that Pod Security names in its refusal. */
function oldDebuggers(pod: Pod, message: string): string[] {
  const named = new Set([...message.matchAll(/"([^"]+)"/g)].map(([, name]) => name));
  return (pod.spec.ephemeralContainers ?? [])
    .map(({ name }) => name)
    .filter((name) => named.has(name));
}

/**
 * Makes a Problem of the reason. `node` tells about a pod on the node: why it is not possible either, or that it is
 * possible (`open`) but is used only on request.
 */
export function explainNoEphemeral(noEphemeral: NoEphemeral, node?: NodeRefused | 'open'): Problem {
  const { kind, message, next, cause } = noEphemeral;
  const refused = typeof node === 'object' ? node : undefined;
  return new Problem(message, {
    kind,
    next: [...next, ...nodeSteps(noEphemeral, node)],
    cause: refused ?? cause,
  });
}

/** Advice about using a pod on the node. */
export function nodeSteps({ nodeInstead }: NoEphemeral, node?: NodeRefused | 'open'): string[] {
  if (node === 'open')
    return [
      'a pod on the node would be allowed: use --via node, unless the policy is meant to forbid that too',
    ];
  if (node && nodeInstead)
    return [`a pod on the node is not possible either: ${node.message}`, ...node.next];
  if (node) return [`a pod on the node (--via node) is not possible either: ${node.message}`];
  return nodeInstead
    ? ['leave out --via ephemeral to use a pod on the node, which changes nothing in the pod']
    : [];
}
