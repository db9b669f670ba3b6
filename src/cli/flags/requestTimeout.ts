import { wrongUsage } from '../../problem.ts';

const GO_MILLISECONDS: Record<string, number> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1e3,
  m: 60e3,
  h: 3600e3,
};

/** kubectl's --request-timeout: whole seconds or a Go duration such as `1m30s`. In milliseconds. */
export function parseTimeout(text: string): number {
  const parts = [...text.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)/g)];
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  if (text !== '' && parts.map(([part]) => part).join('') === text)
    return parts.reduce(
      (sum, [, n, unit]) => sum + Number(n) * (GO_MILLISECONDS[unit ?? ''] ?? 0),
      0,
    );
  throw wrongUsage(
    'Invalid timeout value. Timeout must be a single integer in seconds, or an integer followed by a corresponding time unit (e.g. 1s | 2m | 3h)',
  );
}
