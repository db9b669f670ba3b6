import type { IncomingMessage } from 'node:http';
import { type Attributes, type Authorizer, refusal } from './authorize.ts';
import { badRequest } from './status.ts';
import {
  ALL_AUTHENTICATED,
  ANONYMOUS,
  asServiceAccount,
  serviceAccountUser,
  type User,
} from './users.ts';

const EXTRA = 'impersonate-extra-';

/** The user in the Impersonate-* headers, if `user` may impersonate them. Throws 403. */
export function impersonate(request: IncomingMessage, user: User, authorizer: Authorizer): User {
  const { name, groups, uid, extra } = requestedIdentity(request);
  if (name === undefined) {
    if (groups.length === 0 && uid === undefined && Object.keys(extra).length === 0) return user;
    throw badRequest(
      'requested impersonation of groups, extra or UID without impersonating a user',
    );
  }
  const account = asServiceAccount(name);
  const questions: Attributes[] = [
    account
      ? question('serviceaccounts', account.name, account.namespace)
      : question('users', name),
    ...groups.map((group) => question('groups', group)),
    ...(uid === undefined ? [] : [question('uids', uid, '', 'authentication.k8s.io')]),
    ...Object.entries(extra).flatMap(([key, values]) =>
      values.map((value) => ({
        ...question('userextras', value, '', 'authentication.k8s.io'),
        subresource: key,
      })),
    ),
  ];
  for (const question of questions) {
    if (!authorizer.allows(user, question)) throw refusal(user, question);
  }
  const own =
    account && groups.length === 0 ? serviceAccountUser(account.namespace, '').groups : groups;
  const everybody = name === ANONYMOUS.name ? [] : [ALL_AUTHENTICATED];
  return {
    name,
    groups: [...new Set([...own, ...everybody])],
    ...(uid !== undefined && { uid }),
    ...(Object.keys(extra).length > 0 && { extra }),
  };
}

function question(resource: string, name: string, namespace = '', group = ''): Attributes {
  return {
    type: 'resource',
    verb: 'impersonate',
    group,
    resource,
    subresource: '',
    namespace,
    name,
  };
}

function requestedIdentity(request: IncomingMessage): {
  name: string | undefined;
  groups: string[];
  uid: string | undefined;
  extra: Record<string, string[]>;
} {
  const headers = request.headersDistinct;
  const extra: Record<string, string[]> = {};
  for (const [header, values] of Object.entries(headers)) {
    if (header.startsWith(EXTRA)) {
      extra[decodeURIComponent(header.slice(EXTRA.length))] = values ?? [];
    }
  }
  return {
    name: headers['impersonate-user']?.[0],
    groups: headers['impersonate-group'] ?? [],
    uid: headers['impersonate-uid']?.[0],
    extra,
  };
}
