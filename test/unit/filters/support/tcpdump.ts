import { execFileSync } from 'node:child_process';

/** The places (from 0) in a made file of the packets that the filter selects, by tcpdump. */
export function selected(file: Buffer, expression: string): number[] {
  const text = execFileSync('tcpdump', ['-r', '-', '-nn', '-tt', '-q', '--', expression], {
    input: file,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  return [...text.matchAll(/^(\d+)\.\d{6} /gm)].map(([, seconds]) => Number(seconds));
}

/** The times of the packets that the filter selects, by tcpdump; times that occur twice are in it twice. */
export function selectedTimes(path: string, expression: string): string[] {
  const text = execFileSync('tcpdump', ['-r', path, '-nn', '-tt', '-q', '--', expression], {
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'ignore'],
    maxBuffer: 2 ** 28,
  });
  return [...text.matchAll(/^(\d+\.\d+) /gm)].map(([, time = '']) => time);
}
