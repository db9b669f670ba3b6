/** A finding about a plan. */
export interface CidrFinding {
  /** A fixed word; docs/cidr.md lists them. */
  readonly kind: string;
  readonly severity: 'error' | 'warning' | 'remark';
  readonly what: string;
  readonly fix?: string;
  /** The page that documents a provider's rule. */
  readonly source?: string;
}
