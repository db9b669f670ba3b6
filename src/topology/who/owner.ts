/** What a thing is or belongs to. Fields that do not apply are null. */
export interface Owner {
  readonly kind: 'pod' | 'container' | 'node' | 'service' | 'namespace' | 'process' | 'interface';
  readonly pod: string | null;
  readonly podNamespace: string | null;
  readonly container: string | null;
  readonly node: string | null;
  /** The device that has the address, or the device that was asked for. */
  readonly interface: string | null;
  readonly address: string | null;
  /** `namespace/name` of a Service. */
  readonly service: string | null;
  /** The inode of the network namespace. */
  readonly netns: number | null;
  readonly pid: number | null;
  /** Other useful information, in words. */
  readonly detail: string | null;
}

const EMPTY_OWNER: Owner = {
  kind: 'node',
  pod: null,
  podNamespace: null,
  container: null,
  node: null,
  interface: null,
  address: null,
  service: null,
  netns: null,
  pid: null,
  detail: null,
};

export function newOwner(fields: Pick<Owner, 'kind'> & Partial<Owner>): Owner {
  return { ...EMPTY_OWNER, ...fields };
}
