/** What is read outside of a namespace, to say beforehand what would go wrong, as a ClusterRole to apply. */
export const CLUSTER_ROLE_YAML = `apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: netdebug
rules:
- apiGroups: [""]
  resources: ["nodes", "namespaces"]
  verbs: ["get"]
`;
