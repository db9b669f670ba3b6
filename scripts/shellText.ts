/**
 * Remote shell code travels in every request that runs it, so its comments and indentation stay
 * at home. Here documents and multi-line strings would not survive this; our scripts have none.
 */
export function shellText(source: string): string {
  return source
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .join('\n');
}
