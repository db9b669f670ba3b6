import type { ApiError } from '../kube/apiError.ts';
import type { Pod } from '../kube/pod.ts';
import { Problem } from '../problem.ts';
import { nextSteps, roleSteps } from './refusals.ts';

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

export function obstacleOf(
  by: 'static' | 'entry' | 'rights' | 'pod-security' | 'openshift' | 'webhook' | 'other',
  pod: Pod,
  { error, lacked }: { readonly error?: ApiError; readonly lacked?: string } = {},
): Obstacle {
  const { name, namespace } = pod.metadata;
  if (by === 'static') {
    const text = `pod "${name}" is a static pod, and the API server allows no ephemeral containers in it`;
    return { text, message: text, next: [], wayRound: true };
  }
  if (by === 'entry') {
    const what = lacked === 'watch pods' ? 'see debuggers start' : 'run commands';
    const text = `you may not ${what} in pods of namespace "${namespace}" (${lacked})`;
    const next = roleSteps(namespace);
    return { text, message: `${text}; nothing was changed`, next, wayRound: true, ofRights: true };
  }
  const said = error?.serverMessage ?? '';
  const message = error?.message ?? said;
  const known = { message, cause: error };
  const old = by === 'pod-security' ? oldDebuggers(pod, said) : [];
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
    other: 'the API server refuses the debugger',
  }[by];
  const wayRound = by !== 'webhook' && by !== 'other';
  const ofRights = by === 'rights' && { ofRights: true as const };
  return { ...known, text, next: nextSteps(said, namespace), wayRound, ...ofRights };
}

/** The pod's own containers of ours among those that a refusal by Pod Security names. */
function oldDebuggers(pod: Pod, said: string): string[] {
  const named = new Set([...said.matchAll(/"([^"]+)"/g)].map(([, name]) => name));
  return (pod.spec.ephemeralContainers ?? [])
    .map(({ name }) => name)
    .filter((name) => named.has(name));
}

/** The obstacle as a Problem, with what can be done, and why the way over the node is closed as well. */
export function explainObstacle(
  { message, next, wayRound, cause }: Obstacle,
  node?: NodeRefused,
): Problem {
  const other = node
    ? [`or by way of the node: ${node.message}`, ...node.next]
    : wayRound
      ? ['or by way of the node, which changes nothing in the pod: leave out --via ephemeral']
      : ['or by way of the node, if that policy may be gone round: --via node'];
  return new Problem(message, { next: [...next, ...other], cause: node ?? cause });
}
