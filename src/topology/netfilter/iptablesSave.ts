import type { IpSets } from './ipSets.ts';
import { conditionsOf } from './iptablesMatches.ts';
import { actionOf } from './iptablesTargets.ts';
import type { Chain, Hook, NetfilterBackend, Rule, Table } from './ruleset.ts';

/** The priorities of the chains that the kernel calls, which are the same for both backends (netfilter_ipv4.h). */
const PRIORITIES: Readonly<Record<string, number>> = {
  raw: -300,
  mangle: -150,
  filter: 0,
  security: 50,
};
const HOOKS: Readonly<Record<string, Hook>> = {
  PREROUTING: 'prerouting',
  INPUT: 'input',
  FORWARD: 'forward',
  OUTPUT: 'output',
  POSTROUTING: 'postrouting',
};

/**
 * Reads the output of iptables-save or ip6tables-save, with or without counters (-c). An unsupported line becomes
 * a rule that may match and may have any effect.
 */
export function parseIptablesSave(
  text: string,
  backend: Exclude<NetfilterBackend, 'nftables'>,
  family: 'ip' | 'ip6',
  sets: IpSets,
): Table[] {
  const tables: Table[] = [];
  let table = '';
  let chains = new Map<string, { base: Chain['base']; rules: Rule[] }>();
  for (const line of text.split('\n')) {
    if (line.startsWith('*')) {
      table = line.slice(1).trim();
      chains = new Map();
    } else if (line.startsWith(':')) {
      const [name = '', policy = '', counters = ''] = line.slice(1).trim().split(/\s+/);
      chains.set(name, { base: baseOf(table, name, policy, counters), rules: [] });
    } else if (line.startsWith('COMMIT')) {
      const namedChains = [...chains].map(([name, { base, rules }]): [string, Chain] => [
        name,
        { name, rules, ...(base && { base }) },
      ]);
      tables.push({ backend, family, name: table, chains: new Map(namedChains) });
    } else if (/^(\[|-A|-I)/.test(line)) {
      const { chain, rule } = parseRule(line, sets, (name) => chains.has(name));
      chains.get(chain)?.rules.push(rule);
    }
  }
  return tables;
}

function baseOf(table: string, chain: string, policy: string, counters: string): Chain['base'] {
  const hook = HOOKS[chain];
  if (hook === undefined || policy === '-') return undefined;
  const type =
    table === 'nat' ? 'nat' : table === 'mangle' && hook === 'output' ? 'route' : 'filter';
  return {
    hook,
    type,
    priority: priorityOf(table, hook),
    policy: policy === 'DROP' ? 'drop' : 'accept',
    ...packetsOf(counters),
  };
}

function priorityOf(table: string, hook: Hook): number {
  if (table !== 'nat') return PRIORITIES[table] ?? 0;
  return hook === 'prerouting' || hook === 'output' ? -100 : 100;
}

function packetsOf(counters: string): { packets?: number } {
  const packets = /^\[(\d+):/.exec(counters)?.[1];
  return packets === undefined ? {} : { packets: Number(packets) };
}

function parseRule(
  line: string,
  sets: IpSets,
  isChain: (name: string) => boolean,
): { chain: string; rule: Rule } {
  const counters = /^\[\d+:\d+\]\s*/.exec(line)?.[0] ?? '';
  const text = line.slice(counters.length).trim();
  const words = splitWords(text);
  const chain = words[1] ?? '';
  const target = words.findIndex(
    (word, targetIndex) => targetIndex > 1 && (word === '-j' || word === '-g'),
  );
  const matchWords = words.slice(2, target < 0 ? undefined : target);
  const comment = words[words.indexOf('--comment') + 1];
  const conditions = conditionsOf(matchWords, sets);
  const action =
    target < 0
      ? ({ kind: 'continue' } as const)
      : actionOf(words[target] === '-g', words[target + 1] ?? '', words.slice(target + 2), isChain);
  return {
    chain,
    rule: {
      text,
      steps: [...conditions.map((condition) => ({ condition })), { action }],
      ...(words.includes('--comment') && comment !== undefined && { comment }),
      ...packetsOf(counters),
    },
  };
}

/** Splits a rule into words, with the quoting of iptables-save: double quotes, with backslashes inside. */
function splitWords(text: string): string[] {
  const matches = text.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g);
  return [...matches].map(
    ([, quoted, unquoted]) => quoted?.replace(/\\(.)/g, '$1') ?? unquoted ?? '',
  );
}
