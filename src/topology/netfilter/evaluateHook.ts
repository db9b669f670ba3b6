import { familyOfPacket, type Surroundings, type TracedPacket } from './packet.ts';
import type { Action, Chain, Hook, Match, Rule, RuleLayer, Ruleset, Table } from './ruleset.ts';

/** A rule or chain policy that applied to a packet. */
export interface PassedRule {
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
  readonly passed: readonly PassedRule[];
  /** Unsupported expressions that this outcome depends on. */
  readonly doubts: readonly string[];
}

/** A packet on one of its possible ways through the rules. */
interface Traveller {
  readonly packet: TracedPacket;
  readonly passed: readonly PassedRule[];
  readonly doubts: readonly string[];
  /** Set when no further rule of this base chain applies to the packet. */
  readonly ended?: Verdict;
  /** Set while the packet returns from a chain to its caller. */
  readonly returning?: boolean;
}

/** The limit of possible ways through one hook. */
const MOST_WAYS = 2000;
const DEEPEST = 32;

/**
 * Sends a packet through all chains of a hook, in the kernel's order, and returns every possible outcome. There
 * are several if rules choose at random or have unsupported expressions.
 */
export function evaluateHook(
  ruleset: Ruleset,
  hook: Hook,
  packet: TracedPacket,
  surroundings: Surroundings,
  layer: RuleLayer,
): Outcome[] {
  let travellers: Traveller[] = [{ packet, passed: [], doubts: [] }];
  const finished: Traveller[] = [];
  for (const { table, chain } of baseChains(ruleset, hook, packet, layer)) {
    const next: Traveller[] = [];
    for (const traveller of travellers) {
      if (chain.base.type === 'nat' && !asksNat(traveller.packet, hook)) {
        next.push(traveller);
        continue;
      }
      // nft 1.0 does not print the devices of such a chain, so it may be for another device.
      const isForThis = layer !== 'device' || chain.base.devices !== undefined;
      if (!isForThis) next.push(traveller);
      const start = isForThis
        ? traveller
        : doubting(traveller, `the devices of chain ${table.name} ${chain.name}`);
      const passage = new Passage(table, hook, surroundings);
      for (const result of passage.throughBase(chain, start)) {
        if (result.ended === 'accept') {
          const { ended: _accepted, ...rest } = result;
          next.push({ ...rest, returning: false });
        } else finished.push(result);
      }
    }
    travellers = merged(next);
  }
  return [...finished, ...travellers].map(({ packet, passed, doubts, ended }) => ({
    verdict: ended ?? 'accept',
    packet,
    passed,
    doubts,
  }));
}

/** The first packet of a connection decides its translation, once for source and once for destination. */
function asksNat(packet: TracedPacket, hook: Hook): boolean {
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
    .toSorted((one, other) => one.chain.base.priority - other.chain.base.priority);
}

/** Evaluates the rules of one table at one hook. */
class Passage {
  readonly #table: Table;
  readonly #hook: Hook;
  readonly #surroundings: Surroundings;

  constructor(table: Table, hook: Hook, surroundings: Surroundings) {
    this.#table = table;
    this.#hook = hook;
    this.#surroundings = surroundings;
  }

  throughBase(chain: BaseChain, traveller: Traveller): Traveller[] {
    return this.#through(chain, traveller, 0).map((result): Traveller => {
      if (result.ended !== undefined) return result;
      const { policy, packets } = chain.base;
      if (policy === 'accept') return { ...result, ended: 'accept' };
      const rule = { text: 'policy DROP', steps: [], ...(packets !== undefined && { packets }) };
      return { ...this.#noting(result, chain, rule), ended: 'drop' };
    });
  }

  #through(chain: Chain, traveller: Traveller, depth: number): Traveller[] {
    if (depth > DEEPEST) return [doubting(traveller, `chain ${chain.name}: nested too deeply`)];
    let live = [traveller];
    const left: Traveller[] = [];
    for (const rule of chain.rules) {
      const next: Traveller[] = [];
      for (const one of live) {
        for (const result of this.#meet(chain, rule, one, depth)) {
          const goesOn = result.ended === undefined && result.returning !== true;
          (goesOn ? next : left).push(result);
        }
      }
      live = merged(next);
      if (live.length + left.length > MOST_WAYS) {
        return [doubting(traveller, `chain ${chain.name}: too many paths through it`)];
      }
      if (live.length === 0) break;
    }
    return merged([...left.map((one) => ({ ...one, returning: false })), ...live]);
  }

  /** Applies one rule to a packet. */
  #meet(chain: Chain, rule: Rule, traveller: Traveller, depth: number): Traveller[] {
    let live = [traveller];
    const done: Traveller[] = [];
    for (const step of rule.steps) {
      const next: Traveller[] = [];
      for (const one of live) {
        if ('condition' in step) {
          const match = step.condition(one.packet, this.#surroundings);
          const { taken, skipped } = parted(one, match, rule);
          next.push(...taken);
          done.push(...skipped);
        } else {
          for (const result of this.#act(chain, rule, step.action, one, depth)) {
            const isOver = result.ended !== undefined || result.returning === true;
            (isOver ? done : next).push(result);
          }
        }
      }
      live = next;
    }
    const over = done.filter((one) => one.ended !== undefined || one.returning === true);
    const going = done.filter((one) => !over.includes(one));
    const results = merged([...over, ...going, ...live]);
    const [only] = results;
    // The rule has no effect whether it matches or not, so it leaves no doubt.
    return results.length === 1 && only !== undefined && stateOf(only) === stateOf(traveller)
      ? [traveller]
      : results;
  }

  #act(chain: Chain, rule: Rule, action: Action, traveller: Traveller, depth: number): Traveller[] {
    const noted = () => this.#noting(traveller, chain, rule);
    switch (action.kind) {
      case 'continue':
        return [traveller];
      case 'return':
        return [{ ...traveller, returning: true }];
      case 'accept':
      case 'drop':
      case 'reject':
        return [{ ...noted(), ended: action.kind }];
      case 'jump':
      case 'goto': {
        const called = this.#table.chains.get(action.chain);
        if (called === undefined) return [doubting(traveller, `chain ${action.chain}: not read`)];
        const results = this.#through(called, noted(), depth + 1);
        return results.map((result) =>
          // Leave out a chain that had no effect.
          forgetting(result, traveller, action.kind === 'goto'),
        );
      }
      case 'change':
        return [{ ...noted(), packet: action.change(traveller.packet) }];
      case 'choose':
        return this.#choose(chain, rule, action.among(traveller.packet), traveller, depth);
      case 'unknown':
        return [
          traveller,
          { ...doubting(noted(), action.what), ended: 'drop' },
          { ...doubting(noted(), action.what), ended: 'accept' },
        ];
      default:
        return [{ ...noted(), packet: this.#translate(traveller.packet, action), ended: 'accept' }];
    }
  }

  #choose(
    chain: Chain,
    rule: Rule,
    choice: { readonly actions: readonly Action[]; readonly doubt?: string },
    traveller: Traveller,
    depth: number,
  ): Traveller[] {
    const from = choice.doubt === undefined ? traveller : doubting(traveller, choice.doubt);
    const results = choice.actions.flatMap((action) => this.#act(chain, rule, action, from, depth));
    return choice.actions.length === 0 || choice.doubt !== undefined ? [...results, from] : results;
  }

  #translate(packet: TracedPacket, action: Action): TracedPacket {
    const family = familyOfPacket(packet);
    const own = (device: string | undefined) =>
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
              : (own(packet.inDevice) ?? packet.destination),
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
          source: own(packet.outDevice) ?? packet.source,
        };
      default:
        return packet;
    }
  }

  #noting(traveller: Traveller, chain: Chain, { text, comment, packets }: Rule): Traveller {
    const rule: PassedRule = {
      backend: this.#table.backend,
      family: this.#table.family,
      table: this.#table.name,
      chain: chain.name,
      text,
      ...(comment !== undefined && { comment }),
      ...(packets !== undefined && { packets }),
    };
    return { ...traveller, passed: [...traveller.passed, rule] };
  }
}

/** Splits the possible ways at a condition, into those that match and those that do not. */
function parted(
  one: Traveller,
  match: Match,
  rule: Rule,
): { taken: Traveller[]; skipped: Traveller[] } {
  if (match === true) return { taken: [one], skipped: [] };
  if (match === false) return { taken: [], skipped: [one] };
  if ('chance' in match) {
    return {
      taken: match.chance > 0 ? [one] : [],
      skipped: match.chance < 1 ? [one] : [],
    };
  }
  const doubtful = doubting(one, `${match.doubt} (${rule.text})`);
  return { taken: [doubtful], skipped: [doubtful] };
}

function doubting(traveller: Traveller, doubt: string): Traveller {
  return traveller.doubts.includes(doubt)
    ? traveller
    : { ...traveller, doubts: [...traveller.doubts, doubt] };
}

/** A packet that returns from a called chain. The call is left out if it had no effect. */
function forgetting(result: Traveller, before: Traveller, isGoto: boolean): Traveller {
  const isUnchanged = result.ended === undefined && result.packet === before.packet;
  const passed = isUnchanged ? before.passed : result.passed;
  return {
    ...result,
    passed,
    ...(isGoto && result.ended === undefined && { returning: true }),
  };
}

/** Merges ways that have led to the same state, and keeps the one with the fewest doubts. */
function merged(travellers: readonly Traveller[]): Traveller[] {
  if (travellers.length < 2) return [...travellers];
  const byState = new Map<string, Traveller>();
  for (const one of travellers) {
    const key = stateOf(one);
    const other = byState.get(key);
    if (other === undefined || one.doubts.length < other.doubts.length) byState.set(key, one);
  }
  return [...byState.values()];
}

function stateOf({ packet, ended, returning }: Traveller): string {
  return JSON.stringify([packet, ended, returning === true]);
}
