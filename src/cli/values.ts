import { Problem, wrongUsage } from '../problem.ts';

const SECONDS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** As far as Node's timers reach (2^31 ms): a longer one would be over at once. */
const LONGEST_S = 24 * 86_400;

/** A time such as `90s`, `60m`, `1h30m`; a bare number is seconds, as in tcpdump. In seconds. */
export function parseDuration(flag: string, text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)([smhd])/g)];
  const seconds = /^\d+(\.\d+)?$/.test(text)
    ? Number(text)
    : parts.map(([part]) => part).join('') === text
      ? parts.reduce((sum, [, count, unit]) => sum + Number(count) * (SECONDS[unit ?? ''] ?? 0), 0)
      : Number.NaN;
  if (seconds > LONGEST_S) throw wrongUsage(`${flag}: "${text}" is longer than 24 days`);
  if (!(seconds > 0))
    throw wrongUsage(`${flag}: "${text}" is no duration`, 'write it as 90s, 60m or 1h30m');
  return seconds;
}

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
  throw new Problem(
    'Invalid timeout value. Timeout must be a single integer in seconds, or an integer followed by a corresponding time unit (e.g. 1s | 2m | 3h)',
  );
}

const BYTES: Record<string, number> = {
  '': 1e6,
  b: 1,
  k: 1e3,
  kb: 1e3,
  m: 1e6,
  mb: 1e6,
  g: 1e9,
  gb: 1e9,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
};

/** A size such as `100MB`, `64MiB`, `1G`; a bare number is MB, as in tcpdump's -C. In bytes. */
export function parseSize(flag: string, text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text) ?? [];
  const bytes = Math.floor(Number(number) * (BYTES[unit?.toLowerCase() ?? ''] ?? Number.NaN));
  if (!(bytes > 0))
    throw wrongUsage(`${flag}: "${text}" is no size`, 'write it as 100MB, 64MiB or 1G');
  return bytes;
}

/** A whole number of at least `least`. */
export function parseCount(flag: string, text: string, least = 1): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < least || count > Number.MAX_SAFE_INTEGER)
    throw wrongUsage(`${flag}: "${text}" is no whole number of at least ${least}`);
  return count;
}

/** One of a few words. */
export function parseChoice<T extends string>(
  flag: string,
  text: string,
  choices: readonly T[],
): T {
  const choice = choices.find((word) => word === text);
  if (choice === undefined)
    throw wrongUsage(`${flag}: "${text}" is not one of ${choices.join(', ')}`);
  return choice;
}
