import { execFileSync } from 'node:child_process';

/** The indexes (from 0) of the packets that the filter selects in a generated file, by tcpdump. */
export function selected(file: Buffer, expression: string): number[] {
  const text = execFileSync('tcpdump', ['-r', '-', '-nn', '-tt', '-q', '--', expression], {
    input: file,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  return [...text.matchAll(/^(\d+)\.\d{6} /gm)].map(([, seconds]) => Number(seconds));
}

/** The times of the packets that the filter selects, by tcpdump; duplicate times occur twice. */
export function selectedTimes(path: string, expression: string): string[] {
  const text = execFileSync('tcpdump', ['-r', path, '-nn', '-tt', '-q', '--', expression], {
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'ignore'],
    maxBuffer: 2 ** 28,
  });
  return [...text.matchAll(/^(\d+\.\d+) /gm)].map(([, time = '']) => time);
}
