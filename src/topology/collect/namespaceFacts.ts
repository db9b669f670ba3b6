import { parseFdb } from '../../tools/ip/fdb.ts';
import { linksOf } from '../../tools/ip/link.ts';
import { neighboursOf } from '../../tools/ip/neighbour.ts';
import { parseQdiscs, type Qdisc } from '../../tools/ip/qdisc.ts';
import { number, parseIpBatch, parseIpRecords } from '../../tools/ip/records.ts';
import { routesOf } from '../../tools/ip/route.ts';
import { parseRules } from '../../tools/ip/rule.ts';
import { parseListeners } from '../../tools/listeners.ts';
import { parseSnmp, parseSnmp6 } from '../../tools/snmp.ts';
import { parseSysctls } from '../../tools/sysctl.ts';
import type { NetfilterFacts } from '../model/netfilterFacts.ts';
import type { NetworkNamespace } from '../model/networkNamespace.ts';
import type { Unknown } from '../model/unknown.ts';
import { routeAnswers } from './routeAnswers.ts';
import { nonEmptyLines, type Section } from './sections.ts';

/** What was read inside a namespace, and what could not be read. */
export type InsideFacts = Omit<
  NetworkNamespace,
  'inode' | 'owner' | 'processCount' | 'pid' | 'user' | 'command' | 'netnsid' | 'mounts'
>;

type Facts = { -readonly [Field in keyof InsideFacts]: InsideFacts[Field] };

/** Reads the sections of one namespace: `ns`, the sections after `full`, and `resolv`. */
export function parseInside(sections: readonly Section[]): InsideFacts {
  const unknown: Unknown[] = [];
  const facts: Facts = { answers: routeAnswers(sections), unknown };
  for (const section of sections) {
    try {
      readSection(facts, section, unknown);
    } catch (error) {
      unknown.push({ what: WHAT[section.name] ?? section.name, why: (error as Error).message });
    }
  }
  const netfilter = netfilterOf(sections);
  const entries = sections.find(({ name }) => name === 'conntrack');
  const { sysctls } = facts;
  const count = Number(sysctls?.['netfilter/nf_conntrack_count']);
  return {
    ...facts,
    ...(netfilter && { netfilter }),
    ...(Number.isFinite(count) && {
      conntrack: {
        count,
        max: Number(sysctls?.['netfilter/nf_conntrack_max'] ?? 0),
        ...(entries && { entries: nonEmptyLines(entries.body.toString()) }),
      },
    }),
  };
}

/** Names for the contents of sections, as shown to users. */
const WHAT: Readonly<Record<string, string>> = {
  ns: 'links, routes and neighbours',
  rule4: 'rules (IPv4)',
  rule6: 'rules (IPv6)',
  fdb: 'forwarding tables of bridges',
  qdisc: 'queueing disciplines',
  nft: 'netfilter rules (nftables)',
  'iptables-nft': 'netfilter rules (iptables, nf_tables)',
  'ip6tables-nft': 'netfilter rules (ip6tables, nf_tables)',
  'iptables-legacy': 'netfilter rules (iptables, legacy)',
  'ip6tables-legacy': 'netfilter rules (ip6tables, legacy)',
  'iptables-legacy-save': 'netfilter rules (iptables, legacy)',
  'ip6tables-legacy-save': 'netfilter rules (ip6tables, legacy)',
  ipset: 'sets of addresses (ipset)',
  ipvs: 'IPVS services',
  ipvsadm: 'IPVS services',
  conntrack: 'tracked connections',
};

function readSection(facts: Facts, { name, words, body }: Section, unknown: Unknown[]): void {
  const text = () => body.toString();
  switch (name) {
    case 'ns': {
      const [links, routes, neighbours] = parseIpBatch(text());
      if (links) facts.links = linksOf(links);
      if (routes) facts.routes = routesOf(routes);
      if (neighbours) facts.neighbours = neighboursOf(neighbours);
      break;
    }
    case 'rule4':
    case 'rule6': {
      const rules = parseRules(text(), name === 'rule4' ? 'inet' : 'inet6');
      facts.rules = [...(facts.rules ?? []), ...rules];
      break;
    }
    case 'list-id':
      facts.netnsids = parseIpRecords(text())
        .map(({ nsid }) => number(nsid))
        .filter((id) => id !== undefined);
      break;
    case 'fdb':
      facts.fdb = parseFdb(text());
      break;
    case 'qdisc':
      facts.qdiscs = parseQdiscs(text());
      break;
    case 'filter':
      facts.qdiscs = withFilters(facts.qdiscs ?? [], words.join(' '), nonEmptyLines(text()));
      break;
    case 'offload':
      facts.offloads = { ...facts.offloads, [words.join(' ')]: parseFeatures(text()) };
      break;
    case 'sysctl':
      facts.sysctls = parseSysctls(text());
      break;
    case 'snmp':
      facts.counters = { ...facts.counters, ...parseSnmp(text()) };
      break;
    case 'snmp6':
      facts.counters = { ...facts.counters, ...parseSnmp6(text()) };
      break;
    case 'tcp':
    case 'udp':
      facts.listeners = [...(facts.listeners ?? []), ...parseListeners(text())];
      break;
    case 'resolv':
      facts.resolvConf = text();
      break;
    case 'failed': {
      const what = WHAT[words[0]?.replace(/-\d+$/, '') ?? ''] ?? words[0] ?? '';
      unknown.push({ what, why: nonEmptyLines(text())[0]?.trim() ?? `exit code ${words[1]}` });
      break;
    }
    case 'missing': {
      const tool = words[0] ?? '';
      unknown.push({
        what: WHAT[tool] ?? tool,
        why: `the image has no ${tool}`,
        needs: `an image with ${tool}`,
      });
      break;
    }
  }
}

function withFilters(qdiscs: readonly Qdisc[], device: string, filters: string[]): Qdisc[] {
  return qdiscs.map((qdisc) =>
    qdisc.device === device && (qdisc.kind === 'clsact' || qdisc.kind === 'ingress')
      ? { ...qdisc, filters: [...(qdisc.filters ?? []), ...filters] }
      : qdisc,
  );
}

/** Reads lines `tx-checksum-ipv4: on [fixed]` of `ethtool -k`. */
function parseFeatures(text: string): Record<string, boolean> {
  const lines = text.split('\n').map((line) => /^\s*([\w-]+): (on|off)/.exec(line));
  return Object.fromEntries(
    lines.filter((match) => match !== null).map(([, name, value]) => [name, value === 'on']),
  );
}

/** If a rule set's module is not loaded, it has no rules: its text is empty. */
function netfilterOf(sections: readonly Section[]): NetfilterFacts | undefined {
  const failed = new Set(
    sections.filter(({ name }) => name === 'failed').map(({ words }) => words[0]),
  );
  const text = (name: string) => {
    if (failed.has(name)) return undefined;
    if (sections.some((section) => section.name === 'absent' && section.words[0] === name))
      return '';
    return sections.find((section) => section.name === name)?.body.toString();
  };
  const family = (ipv4: string | undefined, ipv6: string | undefined) =>
    ipv4 === undefined && ipv6 === undefined
      ? undefined
      : { ...(ipv4 !== undefined && { ipv4 }), ...(ipv6 !== undefined && { ipv6 }) };
  const [nft, ipset, ipvs] = [text('nft'), text('ipset'), text('ipvs')];
  const iptablesNft = family(text('iptables-nft'), text('ip6tables-nft'));
  const iptablesLegacy = family(text('iptables-legacy'), text('ip6tables-legacy'));
  const facts = {
    ...(nft !== undefined && { nft }),
    ...(iptablesNft && { iptablesNft }),
    ...(iptablesLegacy && { iptablesLegacy }),
    ...(ipset !== undefined && { ipset }),
    ...(ipvs !== undefined && { ipvs }),
  };
  return Object.keys(facts).length > 0 ? facts : undefined;
}
