/** A range of addresses that something in the cluster names, and what names it. */
export interface LearnedRange {
  readonly use: RangeUse;
  /** As it is written there, which may not be aligned. */
  readonly cidr: string;
  /** What names it, in words: `ServiceCIDR kubernetes`, `kube-controller-manager --cluster-cidr`. */
  readonly source: string;
  /** The node whose pods get their addresses from it; absent for a range of the whole cluster. */
  readonly node?: string;
  /** The prefix length of the parts that nodes get. */
  readonly nodeMask?: number;
  /** True for a range that can be larger than this. */
  readonly atLeast?: true;
  /**
   * True for Calico's: a node gets a block when it needs one, and gives out all addresses of it.
   * https://docs.tigera.io/calico/latest/reference/resources/ippool
   */
  readonly blocks?: true;
}

export type RangeUse = 'pods' | 'services';
