import type { UserEntry } from './kubeconfigEntries.ts';

/** The headers for a user who acts as another one. Without them, the API server would allow too much. */
export function impersonationHeaders(user: UserEntry): Record<string, string | string[]> {
  const { as, 'as-groups': groups, 'as-uid': uid, 'as-user-extra': extra } = user;
  if (!as) return {};
  return {
    'impersonate-user': as,
    ...(groups?.length && { 'impersonate-group': [...groups] }),
    ...(uid && { 'impersonate-uid': uid }),
    ...Object.fromEntries(
      Object.entries(extra ?? {}).map(([key, values]) => [
        `impersonate-extra-${headerKey(key)}`,
        [...values],
      ]),
    ),
  };
}

/** Characters that a header name may contain (RFC 9110, token) are kept. Others, and %, are written as %XX. */
function headerKey(key: string): string {
  return [...Buffer.from(key)]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return /[A-Za-z0-9!#$&'*+\-.^_`|~]/.test(character)
        ? character
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
}
