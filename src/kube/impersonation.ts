import type { UserEntry } from './kubeconfigEntries.ts';

/** The user acts as another one: the API server must be told, or it would allow too much. */
export function impersonation(user: UserEntry): Record<string, string | string[]> {
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

/** What may stand in the name of a header (RFC 9110, token) stays; the rest, and %, as %XX. */
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
