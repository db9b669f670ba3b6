import { NonStatusError } from '../kube/apiError.ts';
import { Problem } from '../problem.ts';
import { explainForeign, isForeign } from './foreign.ts';
import { nodeRoleYaml, optionalRule, roleYaml } from './permissions.ts';
import { type Refusal, refusalOf, refusalText } from './refusal.ts';

/** What to ask the owner of a policy to allow. */
export const CONTAINERS = 'ephemeral containers named netdebug-*';
export const EXEC = 'exec (pods/exec) into containers named netdebug-*';
const ANYTHING = 'requests of kubectl netdebug';

/**
 * Adds to a refusal of the API server what the user can do: the Role for RBAC, the label for Pod Security, whom to ask
 * about other admission policies. Returns other errors unchanged.
 */
export function explainRefusal(error: unknown): unknown {
  if (error instanceof NonStatusError) return isForeign(error) ? explainForeign(error) : error;
  const refusal = refusalOf(error);
  if (!refusal || (refusal.by === 'other' && refusal.error.code !== 403)) return error;
  const next = nextSteps(refusal, refusal.error.namespace ?? 'NAMESPACE', ANYTHING);
  return new Problem(refusalText(refusal), { next, cause: error });
}

/** What can be done about a refusal; `exception` is what a policy would have to allow. */
export function nextSteps(refusal: Refusal, namespace: string, exception: string): string[] {
  const { serverMessage } = refusal.error;
  switch (refusal.by) {
    case 'rights':
      return roleSteps(namespace, serverMessage);
    case 'pod-security':
      return [
        `Pod Security in namespace "${namespace}" does not allow a debugger in the pod.`,
        'an administrator of the namespace can allow it temporarily:',
        `kubectl label --overwrite namespace ${namespace} pod-security.kubernetes.io/enforce=privileged`,
        'an ephemeral container that violates the policy stays in the pod: restore the old level',
        'only after the pod is replaced, or later debuggers in it are refused',
      ];
    case 'openshift':
      return [
        "OpenShift's security context constraints (SCC) refuse the debugger: it runs as root, with NET_RAW.",
        "a cluster administrator can temporarily let the pod's service account use an SCC that allows both:",
        `oc adm policy add-scc-to-user privileged -z SERVICE_ACCOUNT -n ${namespace}`,
      ];
    case 'webhook':
    case 'policy':
      return policySteps(refusal, exception);
    case 'unreachable':
      return [
        'until it responds, the API server refuses every request of this kind:',
        'ask the owner of that webhook to restore it',
      ];
    case 'quota':
      return [
        `ask an administrator of namespace "${namespace}" to raise quota "${refusal.denial?.name}"`,
      ];
    case 'static':
    case 'other':
      return ['the API server gave no other reason than the text above'];
  }
}

/**
 * Words in a policy's message that mean another image would be accepted: the registry, tag, digest or signature is
 * wrong.
 */
const OF_IMAGES = /\b(images?|registr(y|ies)|digests?|tags?|signatures?|signed)\b/i;
const OF_LIMITS = /\b(resource|cpu|memory)[ -](limits?|requests?)\b|resources\.(limits|requests)/i;

/** Whom to ask about an admission policy, what to ask for, and which flag may help. */
export function policySteps({ by, denial }: Refusal, exception: string): string[] {
  const { name = '', text = '' } = denial ?? {};
  const isPolicy = by === 'policy';
  return [
    `ask the owner of this ${isPolicy ? 'policy' : 'webhook'} to exempt ${exception}`,
    ...(isPolicy
      ? [`kubectl get validatingadmissionpolicy ${name} -o yaml   shows its rules`]
      : []),
    ...(OF_IMAGES.test(text)
      ? ['or choose an image that it allows with --image (or the NETDEBUG_IMAGE variable)']
      : []),
    ...(OF_LIMITS.test(text) && exception === CONTAINERS
      ? ['Kubernetes allows no resource limits for ephemeral containers, so no flag can add them']
      : []),
  ];
}

/** The Role to ask for, extended by what the refusal in `message` is about if the Role lacks it. */
export function roleSteps(namespace: string, message = ''): string[] {
  const everywhere = message.includes('at the cluster scope');
  // Only pods on nodes are created and deleted.
  const ofNode = /cannot (create|delete) resource "pods"/.test(message);
  const role = ofNode
    ? nodeRoleYaml(namespace)
    : roleYaml(everywhere ? undefined : namespace, optionalRule(message));
  return [
    everywhere
      ? 'ask an administrator for this ClusterRole, and a ClusterRoleBinding of it to you:'
      : 'ask an administrator for this Role, and a RoleBinding of it to you:',
    ...role.trimEnd().split('\n'),
  ];
}
