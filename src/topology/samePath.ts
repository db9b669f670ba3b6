/** Whether two paths are the same, given that /var/run is a link to /run. */
export function samePath(one: string, other: string): boolean {
  const plain = (path: string) => path.replace(/^\/var\/run\//, '/run/');
  return plain(one) === plain(other);
}
