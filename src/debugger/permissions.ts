/** A permission that only some targets need, such as reading the named deployment. */
export interface OptionalRule {
  readonly group: string;
  readonly resource: string;
  readonly verb: string;
}

/** Resources that the Role always covers. */
const ALWAYS = /^(pods|events)(\/|$)/;

/** The rule that a refusal is about; undefined if the Role contains it anyway. */
export function optionalRule(refusal: string): OptionalRule | undefined {
  const [, verb, resource, group] =
    /cannot (\w+) resource "([^"]+)" in API group "([^"]*)"/.exec(refusal) ?? [];
  if (verb === undefined || resource === undefined || group === undefined) return undefined;
  return ALWAYS.test(resource) ? undefined : { group, resource, verb };
}

/** Permissions that every debugger needs: exec, and the events that tell why it does not start. */
const EXEC_AND_EVENTS = `- apiGroups: [""]
  resources: ["pods/exec"]
  verbs: ["get", "create"]
- apiGroups: [""]
  resources: ["events"]
  verbs: ["list", "watch"]
`;

/** The permissions that capture and ports need, and no others: as a Role, or as a ClusterRole without a namespace. */
export function roleYaml(namespace: string | undefined, optional?: OptionalRule): string {
  const kind = namespace === undefined ? 'ClusterRole' : 'Role';
  return `apiVersion: rbac.authorization.k8s.io/v1
kind: ${kind}
metadata:
  name: netdebug${namespace === undefined ? '' : `\n  namespace: ${namespace}`}
rules:
- apiGroups: [""]
  resources: ["pods"]
  verbs: ["get", "list", "watch"]
- apiGroups: [""]
  resources: ["pods/ephemeralcontainers"]
  verbs: ["patch"]
${EXEC_AND_EVENTS}${optional ? ruleYaml(optional) : ''}`;
}

function ruleYaml({ group, resource, verb }: OptionalRule): string {
  return `- apiGroups: ["${group}"]
  resources: ["${resource}"]
  verbs: ["${verb}"]
`;
}

/** The same for node debuggers, which are pods in that namespace. */
export function nodeRoleYaml(namespace: string): string {
  return `apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: netdebug-node
  namespace: ${namespace}
rules:
- apiGroups: [""]
  resources: ["pods"]
  verbs: ["get", "list", "watch", "create", "delete"]
${EXEC_AND_EVENTS}`;
}
