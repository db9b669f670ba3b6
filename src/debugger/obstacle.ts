import type { Pod } from '../kube/pod.ts';
import { Problem } from '../problem.ts';
import { type Refusal, refusalText } from './refusal.ts';
import { CONTAINERS, EXEC, nextSteps, roleSteps } from './refusals.ts';

/** What stands against every ephemeral container in a pod. */
export interface Obstacle {
  /** In a few words, for a note. */
  readonly text: string;
  /** The whole of it: the API server's own words, where it has some. */
  readonly message: string;
  readonly next: readonly string[];
  /** Whether a debugger on the node goes round it; nobody goes round what a policy of theirs refused. */
  readonly wayRound: boolean;
  /** Our own rights lack, and `next` is the Role to ask for. */
  readonly ofRights?: true;
  readonly cause?: unknown;
}

/** There can be no debugger on the node either. */
export class NodeRefused extends Problem {}

/** It is rights that lack for it: those of the Role for debuggers on nodes. */
export class NodeRightsLack extends NodeRefused {}

/** The pod is a static pod. */
export function staticPod(pod: Pod): Obstacle {
  const text = `pod "${pod.metadata.name}" is a static pod, and the API server allows no ephemeral containers in it`;
  return { text, message: text, next: [], wayRound: true };
}

/** A debugger in the pod could not be watched: `lacked` is the permission, as `watch pods`. */
export function unwatchable(pod: Pod, lacked: string): Obstacle {
  return lackedRights(pod, 'see debuggers start', lacked);
}

/** The refusal of an exec in the pod, before anything was changed. */
export function execRefused(pod: Pod, refusal: Refusal): Obstacle {
  const { namespace } = pod.metadata;
  if (refusal.by === 'rights') return lackedRights(pod, 'run commands', lackedForExec(refusal));
  const text = refusalText(refusal);
  const next = nextSteps(refusal, namespace, EXEC);
  return {
    text,
    message: `exec is refused, and nothing was changed: ${text}`,
    next,
    wayRound: false,
  };
}

/** The permission that is missing for an exec. */
export function lackedForExec({ error }: Refusal): string {
  return /create(?: resource "| )pods\/exec/.test(error.serverMessage)
    ? 'create pods/exec'
    : 'get pods/exec';
}

function lackedRights(pod: Pod, what: string, lacked: string): Obstacle {
  const { namespace } = pod.metadata;
  const text = `you may not ${what} in pods of namespace "${namespace}" (${lacked})`;
  const next = roleSteps(namespace);
  return { text, message: `${text}; nothing was changed`, next, wayRound: true, ofRights: true };
}

/** The refusal of every debugger in the pod. */
export function containerRefused(pod: Pod, refusal: Refusal): Obstacle {
  const { name, namespace } = pod.metadata;
  const { by, error } = refusal;
  if (by === 'static') return staticPod(pod);
  const known = { message: refusalText(refusal), cause: error };
  const old = by === 'pod-security' ? oldDebuggers(pod, error.serverMessage) : [];
  if (old.length > 0)
    return {
      ...known,
      text: `${old.join(', ')} in pod "${name}" breaks a policy that was tightened later, and so blocks every new one`,
      next: [
        `the ephemeral container ${old.join(', ')}, added when namespace "${namespace}" allowed it, breaks`,
        'its Pod Security level now; the API server refuses every new one beside it, and none can be',
        'removed: replace the pod (kubectl delete pod, where something makes it anew), or set the level back',
      ],
      wayRound: true,
    };
  const text = {
    rights: 'you may not add ephemeral containers to it',
    'pod-security': `Pod Security in namespace "${namespace}" allows no debugger in the pod`,
    openshift: "OpenShift's security context constraints allow no debugger in the pod",
    webhook: 'an admission policy refuses the debugger',
    policy: 'an admission policy refuses the debugger',
    unreachable: 'an admission webhook does not answer',
    quota: 'a quota refuses the debugger',
    other: 'the API server refuses the debugger',
  }[by];
  const wayRound = by === 'rights' || by === 'pod-security' || by === 'openshift';
  const ofRights = by === 'rights' && { ofRights: true as const };
  return { ...known, text, next: nextSteps(refusal, namespace, CONTAINERS), wayRound, ...ofRights };
}

/** The pod's own containers of ours among those that a refusal by Pod Security names. */
function oldDebuggers(pod: Pod, said: string): string[] {
  const named = new Set([...said.matchAll(/"([^"]+)"/g)].map(([, name]) => name));
  return (pod.spec.ephemeralContainers ?? [])
    .map(({ name }) => name)
    .filter((name) => named.has(name));
}

/**
 * The obstacle as a Problem, and what is known of the way over the node: why it is closed as well, or,
 * where nothing goes round the obstacle by itself, that it is `open`.
 */
export function explainObstacle(obstacle: Obstacle, node?: NodeRefused | 'open'): Problem {
  const { message, next, cause } = obstacle;
  const closed = typeof node === 'object' ? node : undefined;
  return new Problem(message, {
    next: [...next, ...nodeSteps(obstacle, node)],
    cause: closed ?? cause,
  });
}

/** What to say of the way over the node beside an obstacle. */
export function nodeSteps({ wayRound }: Obstacle, node?: NodeRefused | 'open'): string[] {
  if (node === 'open')
    return [
      'a pod on the node would be allowed: use --via node, unless the policy means to forbid that too',
    ];
  if (node && wayRound) return [`or by way of the node: ${node.message}`, ...node.next];
  if (node) return [`the way over the node (--via node) is closed as well: ${node.message}`];
  return wayRound
    ? ['or by way of the node, which changes nothing in the pod: leave out --via ephemeral']
    : [];
}
