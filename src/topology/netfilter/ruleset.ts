import type { Surroundings, TracedPacket } from './packet.ts';

export type Hook =
  | 'prerouting'
  | 'input'
  | 'forward'
  | 'output'
  | 'postrouting'
  | 'ingress'
  | 'egress';

/**
 * Where rules meet a packet: as one of the network layer, as a frame that crosses a bridge, or as a frame that
 * comes in by a device (ingress) or leaves by it (egress), before everything else.
 */
export type RuleLayer = 'network' | 'bridge' | 'device';

export type NetfilterBackend = 'iptables-legacy' | 'iptables-nft' | 'nftables';

/**
 * Whether a packet matches. `doubt` is an expression that is not understood, or that asks what is not
 * known; `chance` is one that is left to chance or to earlier packets (load balancing, affinity).
 */
export type Match = boolean | { readonly doubt: string } | { readonly chance: number };

export type Matcher = (packet: TracedPacket, surroundings: Surroundings) => Match;

/** What a rule does with a packet that matches. */
export type Action =
  | { readonly kind: 'accept' | 'drop' | 'return' | 'continue' }
  | { readonly kind: 'reject'; readonly with: string }
  | { readonly kind: 'jump' | 'goto'; readonly chain: string }
  /** Changes the packet: marks, connection tracking. */
  | { readonly kind: 'change'; readonly change: (packet: TracedPacket) => TracedPacket }
  | {
      readonly kind: 'dnat' | 'snat';
      readonly address?: string;
      readonly port?: number;
      /** More than one to choose from: an address or port of a range. */
      readonly isRange?: boolean;
    }
  | { readonly kind: 'masquerade' }
  | { readonly kind: 'redirect'; readonly port?: number }
  /** A choice among actions by what the packet has (verdict maps), or by chance. */
  | { readonly kind: 'choose'; readonly among: (packet: TracedPacket) => Choice }
  /** Something that is not understood and may decide about the packet. */
  | { readonly kind: 'unknown'; readonly what: string };

/** What a map gives: nothing, one action, one of several by chance, or something not understood. */
export type Choice =
  | { readonly actions: readonly Action[] }
  | { readonly doubt: string; readonly actions: readonly Action[] };

export type Step = { readonly condition: Matcher } | { readonly action: Action };

export interface Rule {
  /** The rule as its program prints it: the evidence. */
  readonly text: string;
  /** In order; a packet that does not match goes to the next rule at once. */
  readonly steps: readonly Step[];
  readonly comment?: string;
  /** Packets that matched so far. */
  readonly packets?: number;
}

export interface Chain {
  readonly name: string;
  readonly rules: readonly Rule[];
  /** Of a chain that the kernel calls. */
  readonly base?: {
    readonly hook: Hook;
    readonly type: 'filter' | 'nat' | 'route';
    readonly priority: number;
    readonly policy: 'accept' | 'drop';
    /** The devices of an ingress or egress chain. */
    readonly devices?: readonly string[];
    /** Packets that the policy decided about. */
    readonly packets?: number;
  };
}

export interface Table {
  readonly backend: NetfilterBackend;
  readonly family: 'ip' | 'ip6' | 'inet' | 'bridge' | 'arp' | 'netdev';
  readonly name: string;
  readonly chains: ReadonlyMap<string, Chain>;
}

/** All rules of a network, of every backend. */
export interface Ruleset {
  readonly tables: readonly Table[];
  /** Rules that exist but could not be read, in words; every verdict is then in doubt. */
  readonly unread: readonly string[];
}
