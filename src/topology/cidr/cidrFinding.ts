/** Something about a plan that its author should know. */
export interface CidrFinding {
  /** A fixed word; docs/cidr.md lists them. */
  readonly kind: string;
  readonly severity: 'error' | 'warning' | 'remark';
  readonly what: string;
  readonly fix?: string;
  /** Where a rule of a provider is written. */
  readonly source?: string;
}
