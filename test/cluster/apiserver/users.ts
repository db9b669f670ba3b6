/** The sender of a request, as needed for every authorization question. */
export interface User {
  readonly name: string;
  readonly groups: readonly string[];
  readonly uid?: string;
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

export const ALL_AUTHENTICATED = 'system:authenticated';
export const SUPERUSERS = 'system:masters';

export const ANONYMOUS: User = { name: 'system:anonymous', groups: ['system:unauthenticated'] };

/** A user who has been authenticated. */
export function authenticated(name: string, groups: readonly string[] = []): User {
  return { name, groups: [...groups, ALL_AUTHENTICATED] };
}

const SERVICE_ACCOUNT = 'system:serviceaccount:';

export function serviceAccountUser(namespace: string, name: string, uid?: string): User {
  return {
    name: `${SERVICE_ACCOUNT}${namespace}:${name}`,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, ALL_AUTHENTICATED],
    ...(uid !== undefined && { uid }),
  };
}

/** The service account that a user name refers to. */
export function asServiceAccount(
  userName: string,
): { readonly namespace: string; readonly name: string } | undefined {
  const [namespace, name, ...more] = userName.startsWith(SERVICE_ACCOUNT)
    ? userName.slice(SERVICE_ACCOUNT.length).split(':')
    : [];
  return namespace && name && more.length === 0 ? { namespace, name } : undefined;
}
