/** Whether two paths are the same, given that /var/run is a link to /run. */
export function samePath(a: string, b: string): boolean {
  const normalise = (path: string) => path.replace(/^\/var\/run\//, '/run/');
  return normalise(a) === normalise(b);
}
