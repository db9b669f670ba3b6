/**
 * The default image, with a tag for people and a digest that pins it. The digest is that of the multi-platform index on
 * Docker Hub.
 */
export const DEFAULT_IMAGE =
  'nicolaka/netshoot:v0.14@sha256:7f08c4aff13ff61a35d30e30c5c1ea8396eac6ab4ce19fd02d5a4b3b5d0d09a2';

/**
 * Whether the image's tcpdump may change its user when started as root, as Debian's and Red Hat's builds do; it then
 * needs the capabilities for that even to stay root. Alpine's build, which netshoot contains, does not. Other images
 * are unknown and assumed to change it.
 */
export function tcpdumpChangesUser(image: string): boolean {
  return repositoryOf(image).split('/').at(-1) !== 'netshoot';
}

/** The reference without tag and digest. */
function repositoryOf(image: string): string {
  const name = image.split('@')[0] ?? image;
  const colon = name.lastIndexOf(':');
  return colon > name.lastIndexOf('/') ? name.slice(0, colon) : name;
}
