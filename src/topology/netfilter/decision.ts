import { evaluateHook, type Outcome, type PassedRule, type Verdict } from './evaluateHook.ts';
import type { Surroundings, TracedPacket } from './packet.ts';
import type { Hook, RuleLayer, Ruleset } from './ruleset.ts';

/** What becomes of a packet at a hook, all ways taken together. */
export interface Decision {
  /** `unknown` where an expression that is not understood could make a difference. */
  readonly verdict: Verdict | 'unknown';
  /**
   * The packet as it leaves: more than one where the rules leave it to chance (load balancing), each
   * with the rules that it passed; the first alone is enough where there is one.
   */
  readonly ways: readonly {
    readonly packet: TracedPacket;
    readonly passed: readonly PassedRule[];
  }[];
  /** The rules that decided; where the verdict is unknown, those of the first way. */
  readonly passed: readonly PassedRule[];
  /** Why it is unknown: the expressions, in the words of the rules. */
  readonly doubts: readonly string[];
}

/** What the rules of a hook do with a packet. Rules that were not read may still drop what others accept. */
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
  // Only chance distinguishes them: some of the packets are dropped, if any outcome says so.
  const worst = outcomes.find(({ verdict }) => verdict !== 'accept') ?? first;
  return {
    verdict: verdicts.size === 1 ? first.verdict : worst.verdict,
    ways,
    passed: verdicts.size === 1 ? first.passed : worst.passed,
    doubts: [],
  };
}
