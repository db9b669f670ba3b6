/**
 * Whether a name in a node's list of images, which is a full name, refers to an image as people write it. If a digest
 * is given, only the digest counts.
 */
export function matchesImage(listed: string, image: string): boolean {
  const [reference = '', digest] = image.split('@');
  const colon = reference.lastIndexOf(':');
  const hasTag = colon > reference.lastIndexOf('/');
  const repository = fullName(hasTag ? reference.slice(0, colon) : reference);
  const tag = hasTag ? reference.slice(colon + 1) : 'latest';
  return listed === (digest === undefined ? `${repository}:${tag}` : `${repository}@${digest}`);
}

/** Completes a name as container runtimes do: Docker Hub, with its official images. */
function fullName(repository: string): string {
  const [first = '', ...rest] = repository.split('/');
  if (rest.length === 0) return `docker.io/library/${first}`;
  return /[.:]/.test(first) || first === 'localhost' ? repository : `docker.io/${repository}`;
}
