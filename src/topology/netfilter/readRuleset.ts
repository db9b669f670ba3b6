import type { NetfilterFacts } from '../model/netfilterFacts.ts';
import { parseIpsetSave } from './ipSets.ts';
import { parseIptablesSave } from './iptablesSave.ts';
import { parseNftRuleset } from './nftRuleset.ts';
import type { Ruleset, Table } from './ruleset.ts';

/** The tables of iptables-nft. nft shows them, but only iptables-save prints their rules in full. */
const OWN_TABLES = ['raw', 'mangle', 'nat', 'filter', 'security'];

/**
 * Reads all rules of a network namespace, from every backend. `unread` lists rules that could not be read or
 * parsed; no verdict is certain then.
 */
export function readRuleset(facts: NetfilterFacts): Ruleset {
  const sets = parseIpsetSave(facts.ipset ?? '');
  const unread: string[] = [];
  const tables: Table[] = [];
  const texts = [
    ['iptables-nft', 'ip', facts.iptablesNft?.ipv4],
    ['iptables-nft', 'ip6', facts.iptablesNft?.ipv6],
    ['iptables-legacy', 'ip', facts.iptablesLegacy?.ipv4],
    ['iptables-legacy', 'ip6', facts.iptablesLegacy?.ipv6],
  ] as const;
  for (const [backend, family, text] of texts) {
    if (text === undefined) {
      if (backend === 'iptables-legacy' || facts.nft === undefined) {
        unread.push(`${backend} rules (${family}) were not read`);
      }
    } else tables.push(...parseIptablesSave(text, backend, family, sets));
  }
  if (facts.nft === undefined) unread.push('nftables rules were not read');
  else if (facts.nft !== '') {
    const read = new Set(
      tables
        .filter(({ backend }) => backend === 'iptables-nft')
        .map(({ family, name }) => `${family} ${name}`),
    );
    const families = new Set(
      [
        facts.iptablesNft?.ipv4 === undefined ? '' : 'ip',
        facts.iptablesNft?.ipv6 === undefined ? '' : 'ip6',
      ].filter(Boolean),
    );
    const skip = new Set(
      [...families].flatMap((family) =>
        OWN_TABLES.map((name) => `${family} ${name}`).filter((key) => read.has(key)),
      ),
    );
    try {
      tables.push(...parseNftRuleset(facts.nft, skip));
    } catch (error) {
      unread.push(`nftables rules could not be parsed: ${(error as Error).message}`);
    }
  }
  return { tables, unread };
}
