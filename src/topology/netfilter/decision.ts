import { evaluateHook, type Outcome, type PassedRule, type Verdict } from './evaluateHook.ts';
import type { Surroundings, TracedPacket } from './packet.ts';
import type { Hook, RuleLayer, Ruleset } from './ruleset.ts';

/** What a hook does with a packet, over all possible ways through it. */
export interface Decision {
  /** `unknown` if an unsupported expression could change the result. */
  readonly verdict: Verdict | 'unknown';
  /**
   * The packet as it leaves the hook, and the rules it passed. There are several if the rules choose at random
   * (load balancing).
   */
  readonly ways: readonly {
    readonly packet: TracedPacket;
    readonly passed: readonly PassedRule[];
  }[];
  /** The rules that decided. If the verdict is unknown, the rules of the first way. */
  readonly passed: readonly PassedRule[];
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
  surroundings: Surroundings,
  layer: RuleLayer = 'network',
): Decision {
  const outcomes = evaluateHook(ruleset, hook, packet, surroundings, layer);
  const decision = decisionOf(outcomes, packet);
  if (ruleset.unread.length === 0 || decision.verdict === 'drop' || decision.verdict === 'reject') {
    return decision;
  }
  return { ...decision, verdict: 'unknown', doubts: [...decision.doubts, ...ruleset.unread] };
}

function decisionOf(outcomes: readonly Outcome[], before: TracedPacket): Decision {
  const effects = new Set(outcomes.map(({ verdict, packet }) => JSON.stringify([verdict, packet])));
  const doubtful = outcomes.filter(({ doubts }) => doubts.length > 0);
  const passing = outcomes.filter(({ verdict }) => verdict === 'accept');
  const ways = (passing.length > 0 ? passing : outcomes).map(({ packet, passed }) => ({
    packet,
    passed,
  }));
  const first = outcomes[0];
  if (first === undefined) {
    return { verdict: 'accept', ways: [{ packet: before, passed: [] }], passed: [], doubts: [] };
  }
  const verdicts = new Set(outcomes.map(({ verdict }) => verdict));
  if (effects.size > 1 && doubtful.length > 0) {
    return {
      verdict: 'unknown',
      ways,
      passed: (passing[0] ?? first).passed,
      doubts: [...new Set(doubtful.flatMap(({ doubts }) => doubts))],
    };
  }
  // Only random choice distinguishes the outcomes: if one of them drops the packet, some packets are dropped.
  const worst = outcomes.find(({ verdict }) => verdict !== 'accept') ?? first;
  return {
    verdict: verdicts.size === 1 ? first.verdict : worst.verdict,
    ways,
    passed: verdicts.size === 1 ? first.passed : worst.passed,
    doubts: [],
  };
}
