import type { NamespaceContext, TracedPacket } from './packet.ts';

export type Hook =
  | 'prerouting'
  | 'input'
  | 'forward'
  | 'output'
  | 'postrouting'
  | 'ingress'
  | 'egress';

/**
 * Where rules see a packet: in the network layer, as a frame that crosses a bridge, or as a frame on a device: on
 * arrival before everything else (ingress), or when it leaves (egress).
 */
export type RuleLayer = 'network' | 'bridge' | 'device';

export type NetfilterBackend = 'iptables-legacy' | 'iptables-nft' | 'nftables';

/**
 * Whether a packet matches. `doubt` is an expression that is unsupported or needs something unknown. `chance` is
 * the probability of a match that is random or depends on earlier packets (load balancing, session affinity).
 */
export type Match = boolean | { readonly doubt: string } | { readonly chance: number };

export type Matcher = (packet: TracedPacket, context: NamespaceContext) => Match;

/** What a rule does with a matching packet. */
export type Action =
  | { readonly kind: 'accept' | 'drop' | 'return' | 'continue' }
  | { readonly kind: 'reject'; readonly with: string }
  | { readonly kind: 'jump' | 'goto'; readonly chain: string }
  /** Changes the packet's marks or its connection tracking state. */
  | { readonly kind: 'change'; readonly change: (packet: TracedPacket) => TracedPacket }
  | {
      readonly kind: 'dnat' | 'snat';
      readonly address?: string;
      readonly port?: number;
      /** Whether it chooses from a range of addresses or ports. */
      readonly isRange?: boolean;
    }
  | { readonly kind: 'masquerade' }
  | { readonly kind: 'redirect'; readonly port?: number }
  /** Chooses an action by a value of the packet (verdict maps), or at random. */
  | { readonly kind: 'choose'; readonly among: (packet: TracedPacket) => Choice }
  /** Something unsupported that may decide about the packet. */
  | { readonly kind: 'unknown'; readonly what: string };

/** The result of a map: no action, one action, or several to choose from at random; `doubt` if it is uncertain. */
export type Choice =
  | { readonly actions: readonly Action[] }
  | { readonly doubt: string; readonly actions: readonly Action[] };

export type Step = { readonly condition: Matcher } | { readonly action: Action };

export interface Rule {
  /** The rule as its program prints it, for evidence. */
  readonly text: string;
  /** In order. A packet that does not match a condition skips the remaining steps. */
  readonly steps: readonly Step[];
  readonly comment?: string;
  /** How many packets have matched so far. */
  readonly packets?: number;
}

export interface Chain {
  readonly name: string;
  readonly rules: readonly Rule[];
  /** Only for chains that the kernel calls. */
  readonly base?: {
    readonly hook: Hook;
    readonly type: 'filter' | 'nat' | 'route';
    readonly priority: number;
    readonly policy: 'accept' | 'drop';
    /** The devices of an ingress or egress chain. */
    readonly devices?: readonly string[];
    /** How many packets the policy applied to. */
    readonly packets?: number;
  };
}

export interface Table {
  readonly backend: NetfilterBackend;
  readonly family: 'ip' | 'ip6' | 'inet' | 'bridge' | 'arp' | 'netdev';
  readonly name: string;
  readonly chains: ReadonlyMap<string, Chain>;
}

/** All rules of a network namespace, from every backend. */
export interface Ruleset {
  readonly tables: readonly Table[];
  /** Rules that exist but could not be read, in words. They make every verdict doubtful. */
  readonly unread: readonly string[];
}
