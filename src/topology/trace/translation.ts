import type { Decision } from '../netfilter/decision.ts';
import type { MatchedRule } from '../netfilter/evaluateHook.ts';
import type { TracedPacket } from '../netfilter/packet.ts';
import type { Place } from '../topology.ts';
import type { Translation } from './oneWayPath.ts';

/** A translation in a namespace: the address before and after. */
export interface Translated {
  readonly netns: number;
  readonly kind: 'dnat' | 'snat';
  readonly from: string;
  readonly to: string;
}

/** The translations of a hook, with alternatives if the rules choose at random. */
export function translationOf(
  place: Place,
  before: TracedPacket,
  decision: Decision,
): Translation[] {
  const translations: Translation[] = [];
  for (const kind of ['dnat', 'snat'] as const) {
    const textOf = (packet: TracedPacket) =>
      kind === 'dnat' ? destinationOf(packet) : packet.source;
    const translated = decision.results.filter(({ packet }) => textOf(packet) !== textOf(before));
    const [first, ...others] = translated;
    if (first === undefined) continue;
    const service = serviceOf(first.rules);
    const rule = first.rules.at(-1)?.text;
    translations.push({
      node: place.node.name,
      kind,
      from: textOf(before),
      to: textOf(first.packet),
      others: [...new Set(others.map(({ packet }) => textOf(packet)))],
      ...(service !== undefined && { service }),
      ...(rule !== undefined && { rule }),
    });
  }
  return translations;
}

function destinationOf({ destination, destinationPort }: TracedPacket): string {
  if (destinationPort === undefined) return destination;
  return destination.includes(':')
    ? `[${destination}]:${destinationPort}`
    : `${destination}:${destinationPort}`;
}

/**
 * The service that rules translate for, from kube-proxy's names: comments `namespace/name:port cluster IP` and
 * chains `service-HASH-namespace/name/protocol/port`.
 */
export function serviceOf(rules: readonly MatchedRule[]): string | undefined {
  for (const { comment, chain } of rules) {
    const nftChain = /^(?:service|external)-[A-Z0-9]+-([^/]+\/[^/]+)\/[^/]+\/(.*)$/.exec(chain);
    if (nftChain) return nftChain[2] ? `${nftChain[1]}:${nftChain[2]}` : nftChain[1];
    const commented =
      /^([a-z0-9-]+\/[a-z0-9.-]+)(:[a-z0-9-]+)?( cluster IP| ->| external IP| loadbalancer IP|$)/.exec(
        comment ?? '',
      );
    if (commented) return `${commented[1]}${commented[2] ?? ''}`;
  }
  return undefined;
}
