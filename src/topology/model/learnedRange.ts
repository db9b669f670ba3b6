/** An address range from some source in the cluster. */
export interface LearnedRange {
  readonly use: RangeUse;
  /** As it is written in the source; it may not be aligned. */
  readonly cidr: string;
  /** The source in words: `ServiceCIDR kubernetes`, `kube-controller-manager --cluster-cidr`. */
  readonly source: string;
  /** The node whose pods use the range; absent for a range of the whole cluster. */
  readonly node?: string;
  /** The prefix length of the node ranges taken from it. */
  readonly nodeMask?: number;
  /** True if the actual range may be larger. */
  readonly atLeast?: true;
  /**
   * True for a range of blocks, such as Calico's: a node gets a block on demand and assigns all of its addresses.
   * https://docs.tigera.io/calico/latest/reference/resources/ippool
   */
  readonly blocks?: true;
}

export type RangeUse = 'pods' | 'services';
