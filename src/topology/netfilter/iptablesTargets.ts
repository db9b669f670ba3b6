import type { TracedPacket } from './packet.ts';
import type { Action } from './ruleset.ts';

/** Targets that do not change the packet's path. */
const PASSIVE = new Set(
  `LOG NFLOG ULOG TCPMSS TRACE CHECKSUM TOS DSCP CLASSIFY SECMARK CONNSECMARK SET TTL HL TEE
   AUDIT RATEEST IDLETIMER LED TCPOPTSTRIP ECN SYNPROXY_NONE`.split(/\s+/),
);

/** Converts `-j TARGET …` or `-g CHAIN` into an action. */
export function actionOf(
  isGoto: boolean,
  target: string,
  options: readonly string[],
  isChain: (name: string) => boolean,
): Action {
  if (isGoto) return { kind: 'goto', chain: target };
  if (isChain(target)) return { kind: 'jump', chain: target };
  if (PASSIVE.has(target)) return { kind: 'continue' };
  switch (target) {
    case 'ACCEPT':
      return { kind: 'accept' };
    case 'DROP':
      return { kind: 'drop' };
    case 'RETURN':
      return { kind: 'return' };
    case 'REJECT':
      return {
        kind: 'reject',
        with: optionOf(options, '--reject-with') ?? 'icmp-port-unreachable',
      };
    case 'MASQUERADE':
      return { kind: 'masquerade' };
    case 'DNAT':
      return natAction('dnat', optionOf(options, '--to-destination'));
    case 'SNAT':
      return natAction('snat', optionOf(options, '--to-source'));
    case 'REDIRECT':
      return redirectAction(optionOf(options, '--to-ports'));
    case 'NOTRACK':
      return { kind: 'change', change: (packet) => ({ ...packet, state: 'untracked' }) };
    case 'CT':
      return options.includes('--notrack')
        ? { kind: 'change', change: (packet) => ({ ...packet, state: 'untracked' }) }
        : { kind: 'continue' };
    case 'MARK':
      return markAction(options);
    case 'CONNMARK':
      return connectionMarkAction(options);
    default:
      return { kind: 'unknown', what: `-j ${[target, ...options].join(' ')}` };
  }
}

function optionOf(options: readonly string[], name: string): string | undefined {
  const at = options.indexOf(name);
  return at < 0 ? undefined : options[at + 1];
}

/** Reads `10.0.0.1`, `10.0.0.1:80`, `10.0.0.1-10.0.0.9:80-90`, `[fd00::1]:80` or `:80`. */
function natAction(kind: 'dnat' | 'snat', to: string | undefined): Action {
  const pattern =
    /^(?:\[([^\]]+)\]|([^:[\]]*|[0-9a-f:.]*::?[0-9a-f:.]*))(?::(\d+)(-\d+)?)?(?:\/\d+)?$/i;
  const ipv6 = to !== undefined && /^[0-9a-f:.]+(-[0-9a-f:.]+)?$/i.test(to) && /:.*:/.test(to);
  const match = ipv6 ? ['', to, undefined, undefined, undefined] : pattern.exec(to ?? '');
  if (!match || to === undefined)
    return { kind: 'unknown', what: `-j ${kind.toUpperCase()} ${to}` };
  const address = (match[1] ?? match[2] ?? '').split('-');
  return {
    kind,
    ...(address[0] && { address: address[0] }),
    ...(match[3] !== undefined && { port: Number(match[3]) }),
    ...((address.length > 1 || match[4] !== undefined) && { isRange: true }),
  };
}

function redirectAction(ports: string | undefined): Action {
  if (ports === undefined) return { kind: 'redirect' };
  return /^\d+$/.test(ports)
    ? { kind: 'redirect', port: Number(ports) }
    : { kind: 'unknown', what: `-j REDIRECT --to-ports ${ports}` };
}

/** Reads VALUE/MASK: the bits of MASK are cleared, then VALUE is combined by exclusive or. */
function parseMaskedValue(text: string | undefined): { value: number; mask: number } {
  const [value, mask] = (text ?? '0').split('/').map(Number);
  return { value: value ?? 0, mask: mask ?? 0xffffffff };
}

function markAction(options: readonly string[]): Action {
  const { value, mask } = parseMaskedValue(options[1]);
  const changes: Readonly<Record<string, (mark: number) => number>> = {
    '--set-xmark': (mark) => (mark & ~mask) ^ value,
    '--set-mark': (mark) => (mark & ~mask) | value,
    '--or-mark': (mark) => mark | value,
    '--and-mark': (mark) => mark & value,
    '--xor-mark': (mark) => mark ^ value,
  };
  const change = changes[options[0] ?? ''];
  return change === undefined
    ? { kind: 'unknown', what: `-j MARK ${options.join(' ')}` }
    : { kind: 'change', change: (packet) => ({ ...packet, mark: change(packet.mark) >>> 0 }) };
}

function connectionMarkAction(options: readonly string[]): Action {
  const { value, mask } = parseMaskedValue(options[1]);
  const ctMask = Number(optionOf(options, '--ctmask') ?? optionOf(options, '--mask') ?? 0xffffffff);
  const nfMask = Number(optionOf(options, '--nfmask') ?? optionOf(options, '--mask') ?? 0xffffffff);
  const changes: Readonly<
    Record<string, (packet: TracedPacket, ctMark: number) => Partial<TracedPacket>>
  > = {
    '--restore-mark': ({ mark }, ctMark) => ({
      mark: ((mark & ~nfMask) ^ (ctMark & ctMask)) >>> 0,
    }),
    '--save-mark': ({ mark }, ctMark) => ({
      connectionMark: ((ctMark & ~ctMask) ^ (mark & nfMask)) >>> 0,
    }),
    '--set-xmark': (_packet, ctMark) => ({ connectionMark: ((ctMark & ~mask) ^ value) >>> 0 }),
    '--set-mark': (_packet, ctMark) => ({ connectionMark: ((ctMark & ~mask) | value) >>> 0 }),
  };
  const change = changes[options[0] ?? ''];
  if (change === undefined) return { kind: 'unknown', what: `-j CONNMARK ${options.join(' ')}` };
  return {
    kind: 'change',
    change: (packet) => ({ ...packet, ...change(packet, packet.connectionMark ?? 0) }),
  };
}
