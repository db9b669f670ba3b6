import { NodePermissionsMissing, NodeRefused } from '../noEphemeral.ts';
import { nodeRoleYaml } from '../permissions.ts';
import { type Refusal, refusalText } from '../refusal.ts';
import { nextSteps, policySteps } from '../refusals.ts';

const PODS = 'pods labelled app.kubernetes.io/managed-by=kubectl-netdebug';
const EXEC = `exec (pods/exec) in ${PODS}`;

/** A pod on a node was refused; includes what can be done about it. */
export function podRefused(refusal: Refusal, namespace: string): NodeRefused {
  const Refused = refusal.by === 'rights' ? NodePermissionsMissing : NodeRefused;
  return new Refused(refusalText(refusal), {
    next: podSteps(refusal, namespace),
    cause: refusal.error,
  });
}

/** Commands in such a pod were refused, for another reason than missing permissions. */
export function execInPodRefused(refusal: Refusal, namespace: string): NodeRefused {
  return new NodeRefused(`exec is refused, and nothing was created: ${refusalText(refusal)}`, {
    next: nextSteps(refusal, namespace, EXEC),
    cause: refusal.error,
  });
}

export function nodeRoleSteps(namespace: string): string[] {
  return [
    'ask an administrator for this Role, and a RoleBinding of it to you:',
    ...nodeRoleYaml(namespace).trimEnd().split('\n'),
  ];
}

/** Messages of policies against pods that see the node's processes, use its network, or have root rights on it. */
const OF_HOST =
  /host[ _-]?(pid|network|namespaces?|ipc)\b|privileged|SYS_(ADMIN|PTRACE)|capabilit|disallow-hostnamespaces/i;
/** The name of GKE Autopilot in the refusals of its webhooks. */
const OF_AUTOPILOT = /autogke|autopilot/i;

function podSteps(refusal: Refusal, namespace: string): string[] {
  const { by, denial } = refusal;
  const text = denial?.text ?? refusal.error.serverMessage;
  switch (by) {
    case 'rights':
      return nodeRoleSteps(namespace);
    case 'pod-security':
    case 'openshift':
      return [
        `a pod that sees its node's processes (hostPID) is not allowed in namespace "${namespace}".`,
        'choose a namespace where it is allowed with --node-namespace (or NETDEBUG_NODE_NAMESPACE), such as one',
        'that an administrator creates for this purpose:',
        'kubectl create namespace netdebug',
        'kubectl label namespace netdebug pod-security.kubernetes.io/enforce=privileged',
        ...(by === 'openshift'
          ? ['oc adm policy add-scc-to-user privileged -z default -n netdebug']
          : []),
      ];
    case 'webhook':
    case 'policy':
      if (OF_AUTOPILOT.test(`${denial?.name} ${text}`))
        return [
          "GKE Autopilot allows no pod that sees its node's processes (hostPID) in any namespace:",
          'debuggers on nodes are not possible there; a debugger in the pod (--via ephemeral) may be',
        ];
      return [
        ...(OF_HOST.test(text)
          ? [
              "a debugger on a node sees the node's processes (hostPID, SYS_ADMIN), and this policy forbids that.",
              'if it does so in every namespace, debuggers on nodes are not possible; a debugger in the pod (--via ephemeral) may be',
            ]
          : []),
        ...policySteps(refusal, PODS),
        'if a namespace is exempt, choose it with --node-namespace (or NETDEBUG_NODE_NAMESPACE)',
      ];
    case 'quota':
      return [
        ...nextSteps(refusal, namespace, PODS),
        'or choose another namespace with --node-namespace (or NETDEBUG_NODE_NAMESPACE)',
      ];
    case 'unreachable':
      return nextSteps(refusal, namespace, PODS);
    case 'static':
    case 'other':
      return [
        ...nextSteps(refusal, namespace, PODS),
        'another namespace may allow it: --node-namespace (or NETDEBUG_NODE_NAMESPACE)',
      ];
  }
}
