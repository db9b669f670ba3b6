import { type Difference, differences, withoutRandomNames } from './compare.ts';

/** An allowed difference, and the reason. One that never occurs is an error in this list. */
export interface Allowance {
  readonly field: RegExp;
  readonly reason: string;
  /** The shape that both sides must still have. */
  readonly shape?: RegExp;
  /** Only allowed if the local server omits what was recorded. */
  readonly missing?: true;
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

export const ALLOWANCES: readonly Allowance[] = [
  {
    field: /headers\.(content-length|transfer-encoding|connection|keep-alive)$/,
    reason: 'Go and Node frame a body in different ways, which clients do not see',
  },
  { field: /headers\.date$/, reason: 'of the moment', shape: / GMT$/ },
  { field: /headers\.audit-id$/, reason: 'new for each request', shape: /^[-0-9a-f]{36}$/ },
  {
    field: /headers\.x-kubernetes-pf-(flowschema|prioritylevel)-uid$/,
    reason: 'requests are not queued by priority here',
    missing: true,
  },
  {
    field: /metadata\.uid$/,
    reason: 'new for each object',
    shape: /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  },
  { field: /metadata\.resourceVersion$/, reason: 'counts all changes so far', shape: /^\d+$/ },
  {
    field: /metadata\.(creationTimestamp|deletionTimestamp)$/,
    reason: 'of the moment',
    shape: TIME,
  },
  {
    field: /metadata\.managedFields$/,
    reason: 'server-side apply is not served, and nothing here asks who owns a field',
    missing: true,
  },
  {
    field: /^body\.spec\.volumes\[\]\.projected\.sources\[\]$/,
    reason: 'the recorded cluster mounts one configmap more',
    missing: true,
  },
  {
    field: /^body\.serverAddressByClientCIDRs\[\]\.serverAddress$/,
    reason: 'another machine',
    shape: /^[\d.]+:\d+$/,
  },
  {
    field: /^body\.(groups|items|resources)\[\]$|\.resources\[\](\.subresources\[\])?$/,
    reason: 'kinds that neither kubectl nor we need are not served',
    missing: true,
  },
  {
    field: /\.storageVersionHash$/,
    reason: 'tells storage migrations how objects are encoded in etcd, which is not here',
    missing: true,
  },
  { field: /headers\.etag$/, reason: 'of the groups that are served', shape: /^"[0-9A-F]{128}"$/ },
  {
    field: /^events\[\]\.object\.message$/,
    reason: 'the oldest version that is known',
    shape: /^too old resource version: 1 \(\d+\)$/,
  },
  { field: /^body\.rows\[\]\.cells\[\]$/, reason: 'the age of a pod', shape: /^\d+s$/ },
];

/** The differences that are not allowed. Records which allowances were used. */
export function forbiddenDifferences(
  recorded: unknown,
  actual: unknown,
  used: Set<Allowance>,
): Difference[] {
  return differences(withoutRandomNames(recorded), withoutRandomNames(actual)).filter(
    (difference) => {
      const allowance = ALLOWANCES.find((candidate) => covers(candidate, difference));
      if (allowance) used.add(allowance);
      return allowance === undefined;
    },
  );
}

function covers(
  { field, shape, missing }: Allowance,
  { field: differing, recorded, actual }: Difference,
): boolean {
  if (!field.test(differing)) return false;
  if (missing) return actual === undefined;
  return !shape || [recorded, actual].every((side) => shape.test(String(side)));
}
