/** The kinds that a target may have, as kubectl names them in the singular. */
export type NamedKind =
  | 'pod'
  | 'deployment'
  | 'statefulset'
  | 'daemonset'
  | 'replicaset'
  | 'job'
  | 'cronjob'
  | 'service'
  | 'node';

/** A kind: its names in kubectl, and where the API server keeps its objects. */
export interface ObjectKind {
  readonly kind: NamedKind;
  readonly plural: string;
  readonly short?: string;
  /** API group. Empty for core. All of them are v1. */
  readonly group: '' | 'apps' | 'batch';
}

/** kubectl's names for the kinds. `kubectl api-resources` lists the short ones. */
const KINDS: readonly ObjectKind[] = [
  { kind: 'pod', plural: 'pods', short: 'po', group: '' },
  { kind: 'deployment', plural: 'deployments', short: 'deploy', group: 'apps' },
  { kind: 'statefulset', plural: 'statefulsets', short: 'sts', group: 'apps' },
  { kind: 'daemonset', plural: 'daemonsets', short: 'ds', group: 'apps' },
  { kind: 'replicaset', plural: 'replicasets', short: 'rs', group: 'apps' },
  { kind: 'job', plural: 'jobs', group: 'batch' },
  { kind: 'cronjob', plural: 'cronjobs', short: 'cj', group: 'batch' },
  { kind: 'service', plural: 'services', short: 'svc', group: '' },
  { kind: 'node', plural: 'nodes', short: 'no', group: '' },
];

/** The supported kinds, for errors. */
export const SUPPORTED_KINDS = 'pod, deploy, sts, ds, rs, job, cronjob, svc, node';

/** The kind for a word such as `deploy`, `Deployments`, `deployment.apps` or `deployments.v1.apps`. */
export function findKind(word: string): ObjectKind | undefined {
  const [name = '', ...rest] = word.toLowerCase().split('.');
  const group = rest.filter((part, index) => index > 0 || part !== 'v1').join('.');
  return KINDS.find(
    ({ kind, plural, short, group: own }) =>
      (name === kind || name === plural || name === short) && (rest.length === 0 || group === own),
  );
}

/** kubectl's words for kinds that have no pods. In front of a name, they are not read as a namespace. */
const KINDS_WITHOUT_PODS =
  /^(cm|configmaps?|secrets?|ing|ingress(es)?|ep|endpoints|pvc|persistentvolumeclaims?|ns|namespaces?|sa|serviceaccounts?|netpol|networkpolic(y|ies)|hpa)$/;

export function isKindWithoutPods(word: string): boolean {
  return KINDS_WITHOUT_PODS.test(word);
}

export function kindByName(kind: NamedKind): ObjectKind {
  const objectKind = KINDS.find((candidate) => candidate.kind === kind);
  if (!objectKind) throw new Error(`no kind ${kind}`);
  return objectKind;
}

/** The collection's path, in a namespace or in the whole cluster. */
export function collectionPath(
  { kind, group, plural }: ObjectKind,
  namespace: string | 'all',
): string {
  const version = group === '' ? '/api/v1' : `/apis/${group}/v1`;
  return namespace === 'all' || kind === 'node'
    ? `${version}/${plural}`
    : `${version}/namespaces/${encodeURIComponent(namespace)}/${plural}`;
}
