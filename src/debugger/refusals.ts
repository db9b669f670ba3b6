import { ApiError } from '../kube/apiError.ts';
import { Problem } from '../problem.ts';
import { roleYaml } from './permissions.ts';

/**
 * Adds the way out to what the API server refused: the Role for RBAC, the label for Pod Security,
 * the people to ask for other admission. Other errors come back unchanged.
 */
export function explainRefusal(error: unknown, namespace: string): unknown {
  if (!(error instanceof ApiError) || error.code !== 403) return error;
  const next = nextSteps(error.serverMessage, namespace);
  return new Problem(error.message, { next, cause: error });
}

function nextSteps(message: string, namespace: string): string[] {
  // The server gives no reason at all where a user may get pods/exec but not create it.
  if (/ cannot \w+ resource | is forbidden: *$/.test(message))
    return [
      'ask an administrator for this Role, and a RoleBinding of it to you:',
      ...roleYaml(namespace).trimEnd().split('\n'),
    ];
  if (message.includes('violates PodSecurity'))
    return [
      `Pod Security in namespace "${namespace}" forbids the capability to capture (NET_RAW).`,
      'whoever administers the namespace can allow it for a while:',
      `kubectl label --overwrite namespace ${namespace} pod-security.kubernetes.io/enforce=privileged`,
      'an ephemeral container that breaks the policy stays in the pod: set the old level again',
      'only after the pod was replaced, or later debuggers in it are refused',
    ];
  if (message.includes('admission webhook'))
    return [
      'an admission policy of this cluster refuses the debugger; its text above says which rule.',
      'ask its owner to except ephemeral containers named netdebug-*, or name an image that the',
      'policy allows with --image',
    ];
  return ['the API server refused this; its text above is all it says'];
}
