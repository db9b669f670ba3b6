/**
 * The rules of one network namespace, as the programs print them. A text that is absent was not read: the
 * program is missing, its module is not loaded (then it has no rules, and the text is empty), or
 * NET_ADMIN was not there; `unknown` says which.
 */
export interface NetfilterFacts {
  /** `nft -j list ruleset`; holds what iptables-nft made as well. */
  readonly nft?: string;
  /** `iptables-nft-save -c` and `ip6tables-nft-save -c`: tables of the nf_tables backend, with counters. */
  readonly iptablesNft?: FamilyTexts;
  /** `iptables-legacy-save -c` and `ip6tables-legacy-save -c`. */
  readonly iptablesLegacy?: FamilyTexts;
  /** `ipset save`. */
  readonly ipset?: string;
  /** `ipvsadm -Ln --stats`. */
  readonly ipvs?: string;
}

export interface FamilyTexts {
  readonly ipv4?: string;
  readonly ipv6?: string;
}

export interface ConntrackFacts {
  /** nf_conntrack_count and nf_conntrack_max. */
  readonly count: number;
  readonly max: number;
  /** Lines of /proc/net/nf_conntrack that concern the addresses asked about; absent when not asked. */
  readonly entries?: readonly string[];
}
