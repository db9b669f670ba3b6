import { familyOfPacket, type NamespaceContext, type TracedPacket } from './packet.ts';
import type { Action, Chain, Hook, Match, Rule, RuleLayer, Ruleset, Table } from './ruleset.ts';

/** A rule or chain policy that applied to a packet. */
export interface MatchedRule {
  readonly backend: Table['backend'];
  readonly family: Table['family'];
  readonly table: string;
  readonly chain: string;
  /** The text of the rule; `policy DROP` for a policy. */
  readonly text: string;
  readonly comment?: string;
  readonly packets?: number;
}

export type Verdict = 'accept' | 'drop' | 'reject';

/** One possible result of a hook for a packet. */
export interface Outcome {
  readonly verdict: Verdict;
  /** The packet as it leaves the hook, translated and marked. */
  readonly packet: TracedPacket;
  readonly rules: readonly MatchedRule[];
  /** Unsupported expressions that this outcome depends on. */
  readonly doubts: readonly string[];
}

/** A packet on one of its possible paths through the rules. */
interface PacketState {
  readonly packet: TracedPacket;
  readonly rules: readonly MatchedRule[];
  readonly doubts: readonly string[];
  /** Set when no further rule of this base chain applies to the packet. */
  readonly verdict?: Verdict;
  /** Set while the packet returns from a chain to its caller. */
  readonly returning?: boolean;
}

/** The limit of possible paths through one hook. */
const MAX_STATES = 2000;
const MAX_CHAIN_DEPTH = 32;

/**
 * Sends a packet through all chains of a hook, in the kernel's order, and returns every possible outcome. There
 * are several if rules choose at random or have unsupported expressions.
 */
export function evaluateHook(
  ruleset: Ruleset,
  hook: Hook,
  packet: TracedPacket,
  context: NamespaceContext,
  layer: RuleLayer,
): Outcome[] {
  let states: PacketState[] = [{ packet, rules: [], doubts: [] }];
  const finished: PacketState[] = [];
  for (const { table, chain } of baseChains(ruleset, hook, packet, layer)) {
    const continuing: PacketState[] = [];
    for (const state of states) {
      if (chain.base.type === 'nat' && !consultsNat(state.packet, hook)) {
        continuing.push(state);
        continue;
      }
      // nft 1.0 does not print the devices of such a chain, so it may be for another device.
      const isForDevice = layer !== 'device' || chain.base.devices !== undefined;
      if (!isForDevice) continuing.push(state);
      const start = isForDevice
        ? state
        : withDoubt(state, `the devices of chain ${table.name} ${chain.name}`);
      const evaluation = new TableEvaluation(table, hook, context);
      for (const result of evaluation.evaluateBaseChain(chain, start)) {
        if (result.verdict === 'accept') {
          const { verdict: _accepted, ...rest } = result;
          continuing.push({ ...rest, returning: false });
        } else finished.push(result);
      }
    }
    states = mergeStates(continuing);
  }
  return [...finished, ...states].map(({ packet, rules, doubts, verdict = 'accept' }) => ({
    verdict,
    packet,
    rules,
    doubts,
  }));
}

/** The first packet of a connection decides its translation, once for source and once for destination. */
function consultsNat(packet: TracedPacket, hook: Hook): boolean {
  if (packet.state !== 'new') return false;
  return hook === 'prerouting' || hook === 'output'
    ? packet.destinationTranslated !== true
    : packet.sourceTranslated !== true;
}

type BaseChain = Chain & { readonly base: NonNullable<Chain['base']> };

function baseChains(
  ruleset: Ruleset,
  hook: Hook,
  packet: TracedPacket,
  layer: RuleLayer,
): { table: Table; chain: BaseChain }[] {
  const families = {
    network: ['inet', familyOfPacket(packet) === 4 ? 'ip' : 'ip6'],
    bridge: ['bridge'],
    device: ['netdev', 'inet'],
  }[layer];
  const device = (hook === 'egress' ? packet.outDevice : packet.inDevice) ?? '';
  return ruleset.tables
    .filter((table) => families.includes(table.family))
    .flatMap((table) =>
      [...table.chains.values()]
        .filter((chain): chain is BaseChain => chain.base?.hook === hook)
        .filter(
          ({ base: { devices } }) => layer !== 'device' || devices?.includes(device) !== false,
        )
        .map((chain) => ({ table, chain })),
    )
    .toSorted((a, b) => a.chain.base.priority - b.chain.base.priority);
}

/** Evaluates the rules of one table at one hook. */
class TableEvaluation {
  readonly #table: Table;
  readonly #hook: Hook;
  readonly #surroundings: NamespaceContext;

  constructor(table: Table, hook: Hook, context: NamespaceContext) {
    this.#table = table;
    this.#hook = hook;
    this.#surroundings = context;
  }

  evaluateBaseChain(chain: BaseChain, state: PacketState): PacketState[] {
    return this.#evaluateChain(chain, state, 0).map((result): PacketState => {
      if (result.verdict !== undefined) return result;
      const { policy, packets } = chain.base;
      if (policy === 'accept') return { ...result, verdict: 'accept' };
      const rule = { text: 'policy DROP', steps: [], ...(packets !== undefined && { packets }) };
      return { ...this.#withRule(result, chain, rule), verdict: 'drop' };
    });
  }

  #evaluateChain(chain: Chain, state: PacketState, depth: number): PacketState[] {
    if (depth > MAX_CHAIN_DEPTH)
      return [withDoubt(state, `chain ${chain.name}: nested too deeply`)];
    let pending = [state];
    const finished: PacketState[] = [];
    for (const rule of chain.rules) {
      const continuing: PacketState[] = [];
      for (const current of pending) {
        for (const result of this.#applyRule(chain, rule, current, depth)) {
          const continues = result.verdict === undefined && result.returning !== true;
          (continues ? continuing : finished).push(result);
        }
      }
      pending = mergeStates(continuing);
      if (pending.length + finished.length > MAX_STATES) {
        return [withDoubt(state, `chain ${chain.name}: too many paths through it`)];
      }
      if (pending.length === 0) break;
    }
    return mergeStates([
      ...finished.map((finishedState) => ({ ...finishedState, returning: false })),
      ...pending,
    ]);
  }

  /** Applies one rule to a packet. */
  #applyRule(chain: Chain, rule: Rule, state: PacketState, depth: number): PacketState[] {
    let pending = [state];
    const finished: PacketState[] = [];
    for (const step of rule.steps) {
      const continuing: PacketState[] = [];
      for (const current of pending) {
        if ('condition' in step) {
          const match = step.condition(current.packet, this.#surroundings);
          const { matched, skipped } = splitByMatch(current, match, rule);
          continuing.push(...matched);
          finished.push(...skipped);
        } else {
          for (const result of this.#applyAction(chain, rule, step.action, current, depth)) {
            const isFinished = result.verdict !== undefined || result.returning === true;
            (isFinished ? finished : continuing).push(result);
          }
        }
      }
      pending = continuing;
    }
    const ended = finished.filter(
      (candidate) => candidate.verdict !== undefined || candidate.returning === true,
    );
    const going = finished.filter((candidate) => !ended.includes(candidate));
    const results = mergeStates([...ended, ...going, ...pending]);
    const [only] = results;
    // The rule has no effect whether it matches or not, so it leaves no doubt.
    return results.length === 1 && only !== undefined && stateKey(only) === stateKey(state)
      ? [state]
      : results;
  }

  #applyAction(
    chain: Chain,
    rule: Rule,
    action: Action,
    state: PacketState,
    depth: number,
  ): PacketState[] {
    const matched = () => this.#withRule(state, chain, rule);
    switch (action.kind) {
      case 'continue':
        return [state];
      case 'return':
        return [{ ...state, returning: true }];
      case 'accept':
      case 'drop':
      case 'reject':
        return [{ ...matched(), verdict: action.kind }];
      case 'jump':
      case 'goto': {
        const calledChain = this.#table.chains.get(action.chain);
        if (calledChain === undefined) return [withDoubt(state, `chain ${action.chain}: not read`)];
        const results = this.#evaluateChain(calledChain, matched(), depth + 1);
        return results.map((result) =>
          // Leave out a chain that had no effect.
          returnFromChain(result, state, action.kind === 'goto'),
        );
      }
      case 'change':
        return [{ ...matched(), packet: action.change(state.packet) }];
      case 'choose':
        return this.#applyChoice(chain, rule, action.among(state.packet), state, depth);
      case 'unknown':
        return [
          state,
          { ...withDoubt(matched(), action.what), verdict: 'drop' },
          { ...withDoubt(matched(), action.what), verdict: 'accept' },
        ];
      default:
        return [{ ...matched(), packet: this.#translate(state.packet, action), verdict: 'accept' }];
    }
  }

  #applyChoice(
    chain: Chain,
    rule: Rule,
    choice: { readonly actions: readonly Action[]; readonly doubt?: string },
    traveller: PacketState,
    depth: number,
  ): PacketState[] {
    const start = choice.doubt === undefined ? traveller : withDoubt(traveller, choice.doubt);
    const results = choice.actions.flatMap((action) =>
      this.#applyAction(chain, rule, action, start, depth),
    );
    return choice.actions.length === 0 || choice.doubt !== undefined
      ? [...results, start]
      : results;
  }

  #translate(packet: TracedPacket, action: Action): TracedPacket {
    const family = familyOfPacket(packet);
    const addressOf = (device: string | undefined) =>
      device === undefined ? undefined : this.#surroundings.addressOf(device, family);
    switch (action.kind) {
      case 'dnat':
        return {
          ...packet,
          destinationTranslated: true,
          ...(action.address !== undefined && { destination: action.address }),
          ...(action.port !== undefined && { destinationPort: action.port }),
        };
      case 'redirect':
        return {
          ...packet,
          destinationTranslated: true,
          destination:
            this.#hook === 'output'
              ? family === 4
                ? '127.0.0.1'
                : '::1'
              : (addressOf(packet.inDevice) ?? packet.destination),
          ...(action.port !== undefined && { destinationPort: action.port }),
        };
      case 'snat':
        return {
          ...packet,
          sourceTranslated: true,
          ...(action.address !== undefined && { source: action.address }),
        };
      case 'masquerade':
        return {
          ...packet,
          sourceTranslated: true,
          source: addressOf(packet.outDevice) ?? packet.source,
        };
      default:
        return packet;
    }
  }

  #withRule(traveller: PacketState, chain: Chain, { text, comment, packets }: Rule): PacketState {
    const rule: MatchedRule = {
      backend: this.#table.backend,
      family: this.#table.family,
      table: this.#table.name,
      chain: chain.name,
      text,
      ...(comment !== undefined && { comment }),
      ...(packets !== undefined && { packets }),
    };
    return { ...traveller, rules: [...traveller.rules, rule] };
  }
}

/** Splits a state at a condition, into those that match and those that do not. */
function splitByMatch(
  state: PacketState,
  match: Match,
  rule: Rule,
): { matched: PacketState[]; skipped: PacketState[] } {
  if (match === true) return { matched: [state], skipped: [] };
  if (match === false) return { matched: [], skipped: [state] };
  if ('chance' in match) {
    return {
      matched: match.chance > 0 ? [state] : [],
      skipped: match.chance < 1 ? [state] : [],
    };
  }
  const doubtful = withDoubt(state, `${match.doubt} (${rule.text})`);
  return { matched: [doubtful], skipped: [doubtful] };
}

function withDoubt(state: PacketState, doubt: string): PacketState {
  return state.doubts.includes(doubt) ? state : { ...state, doubts: [...state.doubts, doubt] };
}

/** A packet that returns from a called chain. The call is left out if it had no effect. */
function returnFromChain(result: PacketState, caller: PacketState, isGoto: boolean): PacketState {
  const isUnchanged = result.verdict === undefined && result.packet === caller.packet;
  const rules = isUnchanged ? caller.rules : result.rules;
  return {
    ...result,
    rules,
    ...(isGoto && result.verdict === undefined && { returning: true }),
  };
}

/** Merges paths that have led to the same state, and keeps the one with the fewest doubts. */
function mergeStates(states: readonly PacketState[]): PacketState[] {
  if (states.length < 2) return [...states];
  const byState = new Map<string, PacketState>();
  for (const state of states) {
    const key = stateKey(state);
    const existing = byState.get(key);
    if (existing === undefined || state.doubts.length < existing.doubts.length)
      byState.set(key, state);
  }
  return [...byState.values()];
}

function stateKey({ packet, verdict: ended, returning }: PacketState): string {
  return JSON.stringify([packet, ended, returning === true]);
}
