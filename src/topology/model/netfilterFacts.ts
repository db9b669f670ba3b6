/**
 * The rules of one network namespace, as the programs print them. A text is empty if the kernel module is not
 * loaded, because there are no rules then. A text is absent if it could not be read, because the program or
 * NET_ADMIN is missing; `unknown` says which.
 */
export interface NetfilterFacts {
  /** `nft -j list ruleset`; also contains the rules that iptables-nft made. */
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
  /** From nf_conntrack_count and nf_conntrack_max. */
  readonly count: number;
  readonly max: number;
  /** Lines of /proc/net/nf_conntrack with one of the requested addresses; absent if none was requested. */
  readonly entries?: readonly string[];
}
