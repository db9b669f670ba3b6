// The grammar of github.com/distribution/reference, limited to the images in tests.
const pattern =
  /^(?<name>[a-zA-Z0-9][a-zA-Z0-9.-]*(?::\d+(?=\/))?(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*)(?::(?<tag>[\w][\w.-]{0,127}))?(?:@(?<digest>[a-z0-9]+:[0-9a-f]{32,}))?$/;

/**
 * Completes a reference as container runtimes do: `nginx` is `docker.io/library/nginx:latest`. Undefined if it is
 * invalid.
 */
export function completeReference(reference: string): string | undefined {
  const { name, tag, digest } = pattern.exec(reference)?.groups ?? {};
  if (name === undefined || (!name.includes('/') && /[A-Z]/.test(name))) return undefined;
  const suffix = digest === undefined ? `:${tag ?? 'latest'}` : `${tag ? `:${tag}` : ''}@${digest}`;
  return completeName(name) + suffix;
}

function completeName(name: string): string {
  const slash = name.indexOf('/');
  if (slash < 0) return `docker.io/library/${name}`;
  const host = name.slice(0, slash);
  return /[.:]/.test(host) || host === 'localhost' ? name : `docker.io/${name}`;
}
