import { isIP } from 'node:net';

/**
 * The packets that a filter selects, independent of the filter language. Both languages are parsed into it and rendered
 * from it, and it can be described in words.
 */
export type Condition =
  | { readonly kind: 'all' | 'any'; readonly of: readonly Condition[] }
  | { readonly kind: 'not'; readonly of: Condition }
  | { readonly kind: 'protocol'; readonly name: string }
  | {
      readonly kind: 'address';
      readonly direction: DirectionQualifier;
      /** An IPv4, IPv6 or MAC address. */
      readonly address: string;
      readonly family: 4 | 6 | 'mac';
      /** Undefined for a single address. */
      readonly prefix?: number;
    }
  | {
      readonly kind: 'port';
      readonly direction: DirectionQualifier;
      /** Undefined for any protocol with ports. */
      readonly protocol?: string;
      readonly first: number;
      readonly last: number;
    }
  | { readonly kind: 'flag'; readonly name: TcpFlag; readonly set: boolean }
  | {
      readonly kind: 'length';
      readonly of: 'frame' | 'tcp payload';
      readonly operator: Operator;
      readonly bytes: number;
    }
  /** Seconds since 1970, as text, because a number cannot hold nanoseconds. */
  | { readonly kind: 'time'; readonly operator: Operator; readonly seconds: string }
  | { readonly kind: 'payload'; readonly text: string }
  /** A part that only one of the languages can express. */
  | { readonly kind: 'other'; readonly language: Language; readonly text: string };

/**
 * The address or network in a text such as `10.1.2.3` or `fd00::/64`; with `isMac`, also a MAC address. Undefined for
 * other texts.
 */
export function addressCondition(
  text: string,
  direction: DirectionQualifier,
  isMac: boolean,
): Extract<Condition, { kind: 'address' }> | undefined {
  if (isMac)
    return /^([\da-f]{2}[:-]){5}[\da-f]{2}$/i.test(text)
      ? { kind: 'address', direction, address: text.replaceAll('-', ':'), family: 'mac' }
      : undefined;
  const [, address = '', prefix] = /^([^/]*)(?:\/(\d+))?$/.exec(text) ?? [];
  const family = isIP(address);
  if (family !== 4 && family !== 6) return undefined;
  const network = prefix !== undefined && { prefix: Number(prefix) };
  return { kind: 'address', direction, address, family, ...network };
}

export type Language = 'capture' | 'display';
export type DirectionQualifier = 'either' | 'source' | 'destination';
export type Operator = '==' | '!=' | '<' | '<=' | '>' | '>=';

/** The bits of TCP flags in the byte at offset 13 of the header (RFC 9293, 3.1). */
export const TCP_FLAGS = {
  fin: 0x01,
  syn: 0x02,
  reset: 0x04,
  push: 0x08,
  ack: 0x10,
  urg: 0x20,
} as const;
export type TcpFlag = keyof typeof TCP_FLAGS;

/** Combines conditions with `and`. A single one is returned as is, and nested ones are merged. */
export function all(conditions: readonly Condition[]): Condition {
  return combine('all', conditions);
}

/** Combines conditions with `or`. */
export function any(conditions: readonly Condition[]): Condition {
  return combine('any', conditions);
}

function combine(kind: 'all' | 'any', conditions: readonly Condition[]): Condition {
  const of = conditions.flatMap((condition) =>
    condition.kind === kind ? condition.of : [condition],
  );
  const [single] = of;
  return single !== undefined && of.length === 1 ? single : { kind, of };
}
