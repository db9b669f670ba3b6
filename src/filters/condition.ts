import { isIP } from 'node:net';

/**
 * What a filter asks of a packet, in no filter language: both languages are read into it and written from
 * it, and it can be put in words.
 */
export type Condition =
  | { readonly kind: 'all' | 'any'; readonly of: readonly Condition[] }
  | { readonly kind: 'not'; readonly of: Condition }
  | { readonly kind: 'protocol'; readonly name: string }
  | {
      readonly kind: 'address';
      readonly direction: DirectionQualifier;
      /** IPv4, IPv6 or MAC address. */
      readonly address: string;
      readonly family: 4 | 6 | 'mac';
      /** Absent for a single address. */
      readonly prefix?: number;
    }
  | {
      readonly kind: 'port';
      readonly direction: DirectionQualifier;
      /** Absent: any protocol that has ports. */
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
  /** Seconds since 1970, as text: a number cannot hold nanoseconds. */
  | { readonly kind: 'time'; readonly operator: Operator; readonly seconds: string }
  | { readonly kind: 'payload'; readonly text: string }
  /** What only one of the languages can say. */
  | { readonly kind: 'other'; readonly language: Language; readonly text: string };

/**
 * The address or network that a text such as `10.1.2.3` or `fd00::/64` stands for; with `isMac`, the hardware address.
 * Undefined for other texts.
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

/** TCP flags by their place in the byte at offset 13 of the header (RFC 9293, 3.1). */
export const TCP_FLAGS = {
  fin: 0x01,
  syn: 0x02,
  reset: 0x04,
  push: 0x08,
  ack: 0x10,
  urg: 0x20,
} as const;
export type TcpFlag = keyof typeof TCP_FLAGS;

/** All of the conditions; one alone is itself, and nested ones are joined. */
export function all(conditions: readonly Condition[]): Condition {
  return combined('all', conditions);
}

/** Any of the conditions. */
export function any(conditions: readonly Condition[]): Condition {
  return combined('any', conditions);
}

function combined(kind: 'all' | 'any', conditions: readonly Condition[]): Condition {
  const of = conditions.flatMap((one) => (one.kind === kind ? one.of : [one]));
  const [only] = of;
  return only !== undefined && of.length === 1 ? only : { kind, of };
}
