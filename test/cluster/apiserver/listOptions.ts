import type { ResourceRequest } from './context.ts';
import { forbiddenField, invalidValue, unsupported } from './fieldErrors.ts';
import { ApiError, type Cause, invalid } from './status.ts';

const MATCHES = ['Exact', 'NotOlderThan'] as const;
const FIELD = 'resourceVersionMatch';

/** Rejects query parameters of a list or watch that cannot be combined, with apimachinery's messages. */
export function checkListOptions({ query, route }: ResourceRequest): void {
  const causes = route.verb === 'watch' ? watchCauses(query) : listCauses(query);
  if (causes.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', causes);
}

/** Rejects a future version, as the real server does after it has waited for it. */
export function checkVersion({ query, cluster }: ResourceRequest): void {
  const requested = query.get('resourceVersion') ?? '';
  const current = cluster.store.resourceVersion;
  if (!/^\d*$/.test(requested)) {
    const why = `strconv.ParseUint: parsing ${JSON.stringify(requested)}: invalid syntax`;
    throw invalid({ group: '', kind: '' }, '', [invalidValue('resourceVersion', requested, why)]);
  }
  if (Number(requested) <= Number(current)) return;
  const message = `Timeout: Too large resource version: ${requested}, current: ${current}`;
  const causes = [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }];
  throw new ApiError(504, 'Timeout', message, { causes, retryAfterSeconds: 1 });
}

function listCauses(query: URLSearchParams): Cause[] {
  const causes: Cause[] = [];
  const match = query.get(FIELD);
  if (match) {
    const version = query.get('resourceVersion');
    if (!version) {
      const why = 'resourceVersionMatch is forbidden unless resourceVersion is provided';
      causes.push(forbiddenField(FIELD, why));
    }
    if (query.get('continue')) causes.push(notWithContinue());
    if (!isMatch(match)) causes.push(unsupported(FIELD, match, [...MATCHES, '']));
    if (match === 'Exact' && version === '0') {
      const why = 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"';
      causes.push(forbiddenField(FIELD, why));
    }
  }
  if (query.has('sendInitialEvents')) {
    const why = 'sendInitialEvents is forbidden for list';
    causes.push(forbiddenField('sendInitialEvents', why));
  }
  return causes;
}

function watchCauses(query: URLSearchParams): Cause[] {
  const causes: Cause[] = [];
  const match = query.get(FIELD) ?? '';
  if (query.has('sendInitialEvents') && match !== 'NotOlderThan') {
    const why = 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan';
    causes.push(forbiddenField(FIELD, why));
  }
  if (!match) return causes;
  if (!query.has('sendInitialEvents')) {
    const why = 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided';
    causes.push(forbiddenField(FIELD, why));
  }
  if (match !== 'NotOlderThan') causes.push(unsupported(FIELD, match, ['NotOlderThan']));
  if (query.get('continue')) causes.push(notWithContinue());
  return causes;
}

function notWithContinue(): Cause {
  return forbiddenField(FIELD, 'resourceVersionMatch is forbidden when continue is provided');
}

function isMatch(text: string): boolean {
  return MATCHES.some((match) => match === text);
}
