import { ApiError } from '../kube/apiError.ts';
import { Problem } from '../problem.ts';
import { nodeRoleYaml, optionalRule, roleYaml } from './permissions.ts';

/**
 * Adds the way out to what the API server refused: the Role for RBAC, the label for Pod Security,
 * the people to ask for other admission. Other errors come back unchanged.
 */
export function explainRefusal(error: unknown, namespace: string): unknown {
  if (!(error instanceof ApiError) || error.code !== 403) return error;
  const next = nextSteps(error.serverMessage, namespace);
  return new Problem(error.message, { next, cause: error });
}

/** What can be done about a refusal in the API server's words. */
export function nextSteps(message: string, namespace: string): string[] {
  if (/ cannot \w+ resource | is forbidden: (you may not .*)?$/.test(message))
    return roleSteps(namespace, message);
  if (message.includes('violates PodSecurity'))
    return [
      `Pod Security in namespace "${namespace}" forbids what a debugger in the pod needs.`,
      'whoever administers the namespace can allow it for a while:',
      `kubectl label --overwrite namespace ${namespace} pod-security.kubernetes.io/enforce=privileged`,
      'an ephemeral container that breaks the policy stays in the pod: set the old level again',
      'only after the pod was replaced, or later debuggers in it are refused',
    ];
  if (/security context constraint/i.test(message))
    return [
      "OpenShift's security context constraints (SCC) refuse the debugger: it runs as root, with NET_RAW.",
      "a cluster administrator can let the pod's service account use one that allows both, for a while:",
      `oc adm policy add-scc-to-user privileged -z SERVICE_ACCOUNT -n ${namespace}`,
    ];
  if (message.includes('admission webhook'))
    return [
      'an admission policy of this cluster refuses the debugger; its text above says which rule.',
      'ask its owner to except ephemeral containers named netdebug-*, or name an image that the',
      'policy allows with --image',
    ];
  return ['the API server refused this; its text above is all it says'];
}

/** The Role to ask for; with what the refusal in `message` is about, where the Role lacks that. */
export function roleSteps(namespace: string, message = ''): string[] {
  const everywhere = message.includes('at the cluster scope');
  // Only pods of ours on nodes are made and deleted.
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
