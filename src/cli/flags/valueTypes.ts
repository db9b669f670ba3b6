import { wrongUsage } from '../../problem.ts';
import type { CompletionSource, ValueType } from './flag.ts';

/** Any text, unchanged. */
export function anyText(placeholder: string, complete?: CompletionSource): ValueType<string> {
  return { placeholder, parse: (value) => value, ...(complete && { complete }) };
}

/** The name of a namespace. An invalid one is rejected before the server is contacted (RFC 1123 labels). */
export const NAMESPACE: ValueType<string> = {
  placeholder: 'NAME',
  complete: 'namespaces',
  parse: (value) => {
    if (value !== '' && (value.length > 63 || !/^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/.test(value)))
      throw wrongUsage(
        "must be the name of a namespace: lower case letters, digits and '-', at most 63 characters",
      );
    return value;
  },
};

/** The path of a file. Shells complete file names. */
export const FILE = anyText('FILE', 'files');

/** Texts separated by commas. */
export function commaSeparated(placeholder: string): ValueType<readonly string[]> {
  return { placeholder, parse: (value) => value.split(',') };
}

/** One of a few words. */
export function oneOf<const T extends string>(
  placeholder: string,
  choices: readonly T[],
): ValueType<T> {
  return {
    placeholder,
    choices,
    parse: (value) => {
      const choice = choices.find((word) => word === value);
      if (choice === undefined) throw wrongUsage(`must be one of: ${choices.join(', ')}`);
      return choice;
    },
  };
}

/** A whole number of at least `least`. */
export function count(minimum = 1): ValueType<number> {
  return {
    placeholder: 'N',
    parse: (value) => {
      const number = Number(value);
      if (!/^\d+$/.test(value) || number < minimum || number > Number.MAX_SAFE_INTEGER)
        throw wrongUsage(`must be a whole number of at least ${minimum}`);
      return number;
    },
  };
}

const SECONDS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** The limit of Node's timers (2^31 ms). A longer timer would fire at once. */
const MAX_DURATION_S = 24 * 86_400;

/** A time such as `90s`, `60m` or `1h30m`. A number without a unit is in seconds, as in tcpdump. In seconds. */
export const DURATION: ValueType<number> = {
  placeholder: 'DURATION',
  parse: (value) => {
    const parts = [...value.matchAll(/(\d+(?:\.\d+)?)([smhd])/g)];
    const seconds = /^\d+(\.\d+)?$/.test(value)
      ? Number(value)
      : parts.map(([part]) => part).join('') === value
        ? parts.reduce((sum, [, n, unit]) => sum + Number(n) * (SECONDS[unit ?? ''] ?? 0), 0)
        : Number.NaN;
    if (seconds > MAX_DURATION_S) throw wrongUsage('must be at most 24d');
    if (!(seconds > 0)) throw wrongUsage('invalid duration (examples: 90s, 60m, 1h30m)');
    return seconds;
  },
};

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

/** A size such as `100MB`, `64MiB` or `1G`. A number without a unit is in MB, as in tcpdump's -C. In bytes. */
export const SIZE: ValueType<number> = {
  placeholder: 'SIZE',
  parse: (value) => {
    const [, number, unit] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(value) ?? [];
    const bytes = Math.floor(Number(number) * (BYTES[unit?.toLowerCase() ?? ''] ?? Number.NaN));
    if (!(bytes > 0)) throw wrongUsage('invalid size (examples: 100MB, 64MiB, 1G)');
    return bytes;
  },
};
