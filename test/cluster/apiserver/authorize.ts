import type { KubeObject, Store } from '../store.ts';
import { objectAt, objectsAt, stringAt, stringsAt } from './json.ts';
import { type ApiError, AuthorizerRefusal, forbidden } from './status.ts';
import { SUPERUSERS, serviceAccountUser, type User } from './users.ts';

/** A question to the authorizer: whether a user may do something. */
export type Attributes = ResourceAttributes | PathAttributes;

export interface ResourceAttributes {
  readonly type: 'resource';
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
}

export interface PathAttributes {
  readonly type: 'path';
  readonly verb: string;
  readonly path: string;
}

/** A policy rule, parsed from a Role or ClusterRole. */
export interface Rule {
  readonly verbs: readonly string[];
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames: readonly string[];
  readonly nonResourceURLs: readonly string[];
}

const EVERYTHING: readonly Rule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'], resourceNames: [], nonResourceURLs: [] },
  { verbs: ['*'], apiGroups: [], resources: [], resourceNames: [], nonResourceURLs: ['*'] },
];

/** Role-based access control over the roles and bindings in the store. */
export class Authorizer {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  allows(user: User, attributes: Attributes): boolean {
    return this.reason(user, attributes) !== undefined;
  }

  /** Why the user may do that, as in access reviews. Empty for superusers, undefined if it is not allowed. */
  reason(user: User, attributes: Attributes): string | undefined {
    if (user.groups.includes(SUPERUSERS)) return '';
    const namespace = attributes.type === 'resource' ? attributes.namespace : '';
    for (const { binding, subject } of this.#bindingsOf(user, namespace)) {
      if (!this.#rulesOf(binding).some((rule) => covers(rule, attributes))) continue;
      const { kind, name } = objectAt(binding.roleRef);
      const own = JSON.stringify(qualified(binding.metadata.name, binding.metadata.namespace));
      const to = `${subject.kind} ${JSON.stringify(qualified(stringAt(subject.name), stringAt(subject.namespace)))}`;
      return `RBAC: allowed by ${binding.kind} ${own} of ${kind} ${JSON.stringify(name)} to ${to}`;
    }
    return undefined;
  }

  /** Every rule that applies to the user in the namespace ('' for cluster-scoped rules only). */
  rulesFor(user: User, namespace: string): Rule[] {
    const bound = this.#bindingsOf(user, namespace).flatMap(({ binding }) =>
      this.#rulesOf(binding),
    );
    return user.groups.includes(SUPERUSERS) ? [...bound, ...EVERYTHING] : bound;
  }

  #bindingsOf(user: User, namespace: string) {
    const bindings = [
      ...this.#store.list('clusterrolebindings.rbac.authorization.k8s.io'),
      ...(namespace ? this.#store.list('rolebindings.rbac.authorization.k8s.io', namespace) : []),
    ];
    return bindings.flatMap((binding) => {
      const subject = objectsAt(binding.subjects).find((candidate) =>
        names(candidate, binding, user),
      );
      return subject ? [{ binding, subject }] : [];
    });
  }

  #rulesOf(binding: KubeObject): Rule[] {
    const reference = objectAt(binding.roleRef);
    const name = stringAt(reference.name);
    const role =
      reference.kind === 'Role'
        ? this.#store.get('roles.rbac.authorization.k8s.io', binding.metadata.namespace, name)
        : this.#store.get('clusterroles.rbac.authorization.k8s.io', undefined, name);
    return objectsAt(role?.rules).map((rule) => ({
      verbs: stringsAt(rule.verbs),
      apiGroups: stringsAt(rule.apiGroups),
      resources: stringsAt(rule.resources),
      resourceNames: stringsAt(rule.resourceNames),
      nonResourceURLs: stringsAt(rule.nonResourceURLs),
    }));
  }
}

function qualified(name: string, namespace: string | undefined): string {
  return namespace ? `${name}/${namespace}` : name;
}

function names(subject: Record<string, unknown>, binding: KubeObject, user: User): boolean {
  const name = stringAt(subject.name);
  switch (subject.kind) {
    case 'User':
      return name === user.name;
    case 'Group':
      return user.groups.includes(name);
    case 'ServiceAccount': {
      const namespace = stringAt(subject.namespace) || (binding.metadata.namespace ?? '');
      return serviceAccountUser(namespace, name).name === user.name;
    }
    default:
      return false;
  }
}

function covers(rule: Rule, attributes: Attributes): boolean {
  if (!has(rule.verbs, attributes.verb)) return false;
  if (attributes.type === 'path') {
    return rule.nonResourceURLs.some(
      (url) =>
        url === '*' ||
        url === attributes.path ||
        (url.endsWith('*') && attributes.path.startsWith(url.slice(0, -1))),
    );
  }
  const combined = attributes.subresource
    ? `${attributes.resource}/${attributes.subresource}`
    : attributes.resource;
  return (
    has(rule.apiGroups, attributes.group) &&
    (has(rule.resources, combined) ||
      (attributes.subresource !== '' && rule.resources.includes(`*/${attributes.subresource}`))) &&
    (rule.resourceNames.length === 0 || rule.resourceNames.includes(attributes.name))
  );
}

function has(list: readonly string[], item: string): boolean {
  return list.includes('*') || list.includes(item);
}

/** The 403 error that names the missing permission. */
export function refusal(user: User, attributes: Attributes): ApiError {
  const who = `User ${JSON.stringify(user.name)} cannot ${attributes.verb}`;
  if (attributes.type === 'path') {
    const message = `forbidden: ${who} path ${JSON.stringify(attributes.path)}`;
    return new AuthorizerRefusal(403, 'Forbidden', message, {});
  }
  const { group, resource, subresource, namespace, name } = attributes;
  const what = subresource ? `${resource}/${subresource}` : resource;
  const where = namespace ? `in the namespace "${namespace}"` : 'at the cluster scope';
  const why = `${who} resource ${JSON.stringify(what)} in API group ${JSON.stringify(group)} ${where}`;
  const { message, status } = forbidden({ group, resource }, name, why);
  return new AuthorizerRefusal(403, 'Forbidden', message, status.details);
}
