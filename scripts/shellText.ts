/**
 * Remote shell code is sent in every request that runs it, so comments and indentation are removed. Here documents and
 * strings with spaces at the ends of lines would not survive this. The scripts contain none.
 */
export function shellText(source: string): string {
  return source
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .join('\n');
}
