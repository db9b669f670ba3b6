import { evaluateHook, type MatchedRule, type Outcome, type Verdict } from './evaluateHook.ts';
import type { NamespaceContext, TracedPacket } from './packet.ts';
import type { Hook, RuleLayer, Ruleset } from './ruleset.ts';

/** What a hook does with a packet, over all possible paths through it. */
export interface Decision {
  /** `unknown` if an unsupported expression could change the result. */
  readonly verdict: Verdict | 'unknown';
  /**
   * The packet as it leaves the hook, and the rules that it matched. There are several if the rules choose at random
   * (load balancing).
   */
  readonly results: readonly {
    readonly packet: TracedPacket;
    readonly rules: readonly MatchedRule[];
  }[];
  /** The rules that decided. If the verdict is unknown, the rules of the first result. */
  readonly rules: readonly MatchedRule[];
  /** Why the verdict is unknown: the unsupported expressions, as the rules write them. */
  readonly doubts: readonly string[];
}

/**
 * Decides what the rules of a hook do with a packet. Rules that were not read may still drop what the others
 * accept.
 */
export function decide(
  ruleset: Ruleset,
  hook: Hook,
  packet: TracedPacket,
  context: NamespaceContext,
  layer: RuleLayer = 'network',
): Decision {
  const outcomes = evaluateHook(ruleset, hook, packet, context, layer);
  const decision = decisionOf(outcomes, packet);
  if (ruleset.unread.length === 0 || decision.verdict === 'drop' || decision.verdict === 'reject') {
    return decision;
  }
  return { ...decision, verdict: 'unknown', doubts: [...decision.doubts, ...ruleset.unread] };
}

function decisionOf(outcomes: readonly Outcome[], before: TracedPacket): Decision {
  const effects = new Set(outcomes.map(({ verdict, packet }) => JSON.stringify([verdict, packet])));
  const doubtful = outcomes.filter(({ doubts }) => doubts.length > 0);
  const accepted = outcomes.filter(({ verdict }) => verdict === 'accept');
  const results = (accepted.length > 0 ? accepted : outcomes).map(({ packet, rules }) => ({
    packet,
    rules,
  }));
  const firstOutcome = outcomes[0];
  if (firstOutcome === undefined) {
    return { verdict: 'accept', results: [{ packet: before, rules: [] }], rules: [], doubts: [] };
  }
  const verdicts = new Set(outcomes.map(({ verdict }) => verdict));
  if (effects.size > 1 && doubtful.length > 0) {
    return {
      verdict: 'unknown',
      results,
      rules: (accepted[0] ?? firstOutcome).rules,
      doubts: [...new Set(doubtful.flatMap(({ doubts }) => doubts))],
    };
  }
  // Only random choice distinguishes the outcomes: if one of them drops the packet, some packets are dropped.
  const dropped = outcomes.find(({ verdict }) => verdict !== 'accept') ?? firstOutcome;
  return {
    verdict: verdicts.size === 1 ? firstOutcome.verdict : dropped.verdict,
    results,
    rules: verdicts.size === 1 ? firstOutcome.rules : dropped.rules,
    doubts: [],
  };
}
