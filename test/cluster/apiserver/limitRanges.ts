import type { NewObject, Store } from '../store.ts';
import { type Amounts, amountsAt } from './amount.ts';
import { type JsonObject, objectAt, objectsAt, stringAt } from './json.ts';
import { podResources } from './podResources.ts';
import { podSpecOf } from './podSpec.ts';
import { forbidden } from './status.ts';
import type { Strategy } from './strategy.ts';

// The rules and messages of plugin/pkg/admission/limitranger. It only checks new pods. An ephemeral container is not a
// new pod and has no resources, so no LimitRange ever refuses one.

/** Completes the items of a LimitRange as the real server does. */
export const limitRanges: Strategy = {
  prepareCreate: (_request, range) => defaultItems(range.spec),
  prepareUpdate: (_request, _previous, next) => defaultItems(next.spec),
};

function defaultItems(spec: unknown): void {
  for (const item of objectsAt(objectAt(spec).limits)) {
    if (item.type !== 'Container') continue;
    item.default = { ...objectAt(item.max), ...objectAt(item.default) };
    item.defaultRequest = {
      ...objectAt(item.min),
      ...objectAt(item.default),
      ...objectAt(item.defaultRequest),
    };
  }
}

/** Adds the defaults of the namespace's ranges to the pod's containers, and records that on the pod. */
export function applyLimitRanges(store: Store, namespace: string, pod: NewObject): void {
  const spec = podSpecOf(pod);
  for (const items of itemsOf(store, namespace)) {
    const defaults = items.filter(({ type }) => type === 'Container');
    const limits = Object.assign({}, ...defaults.map((item) => item.default));
    const requests = Object.assign({}, ...defaults.map((item) => item.defaultRequest));
    const notes = [
      ...objectsAt(spec.containers).flatMap((container) =>
        complete(container, '', requests, limits),
      ),
      ...objectsAt(spec.initContainers).flatMap((container) =>
        complete(container, 'init ', requests, limits),
      ),
    ];
    if (notes.length === 0) continue;
    pod.metadata.annotations = {
      ...pod.metadata.annotations,
      'kubernetes.io/limit-ranger': `LimitRanger plugin set: ${notes.join('; ')}`,
    };
  }
}

function complete(
  container: JsonObject,
  adjective: string,
  requests: JsonObject,
  limits: JsonObject,
): string[] {
  const resources = objectAt(container.resources);
  container.resources = resources;
  return [['requests', 'request', requests] as const, ['limits', 'limit', limits] as const].flatMap(
    ([field, word, defaults]) => {
      const given = objectAt(resources[field]);
      const set = Object.keys(defaults).filter((name) => !(name in given));
      if (set.length === 0) return [];
      resources[field] = { ...defaults, ...given };
      return [`${set.sort().join(', ')} ${word} for ${adjective}container ${container.name}`];
    },
  );
}

/** Rejects a pod that exceeds a range of its namespace. */
export function enforceLimitRanges(store: Store, namespace: string, pod: NewObject): void {
  const spec = podSpecOf(pod);
  const containers = [...objectsAt(spec.containers), ...objectsAt(spec.initContainers)];
  const used = {
    Container: containers.map(({ resources }) => ({
      requests: amountsAt(objectAt(resources).requests),
      limits: amountsAt(objectAt(resources).limits),
    })),
    Pod: [{ requests: podResources(spec, 'requests'), limits: podResources(spec, 'limits') }],
  };
  for (const items of itemsOf(store, namespace)) {
    const errors = items.flatMap((item) => {
      const type = stringAt(item.type);
      if (type !== 'Container' && type !== 'Pod') return [];
      return used[type].flatMap((usage) => breaches(item, type, usage));
    });
    if (errors.length === 0) continue;
    const unique = [...new Set(errors)];
    const why = unique.length === 1 ? `${unique[0]}` : `[${unique.join(', ')}]`;
    throw forbidden({ group: '', resource: 'pods' }, pod.metadata.name, why);
  }
}

interface Usage {
  readonly requests: Amounts;
  readonly limits: Amounts;
}

function breaches(item: JsonObject, type: string, { requests, limits }: Usage): string[] {
  const errors: string[] = [];
  for (const [name, bound] of amountsAt(item.min)) {
    const text = `minimum ${name} usage per ${type} is ${bound}`;
    const request = requests.get(name);
    const limit = limits.get(name);
    if (!request) errors.push(`${text}.  No request is specified`);
    else if (bound.isMoreThan(request)) errors.push(`${text}, but request is ${request}`);
    else if (limit && bound.isMoreThan(limit)) errors.push(`${text}, but limit is ${limit}`);
  }
  for (const [name, bound] of amountsAt(item.max)) {
    const text = `maximum ${name} usage per ${type} is ${bound}`;
    const request = requests.get(name);
    const limit = limits.get(name);
    if (!limit) errors.push(`${text}.  No limit is specified`);
    else if (limit.isMoreThan(bound)) errors.push(`${text}, but limit is ${limit}`);
    else if (request?.isMoreThan(bound)) errors.push(`${text}, but request is ${request}`);
  }
  return errors;
}

/** The items of each LimitRange of the namespace. */
function itemsOf(store: Store, namespace: string): JsonObject[][] {
  return store.list('limitranges', namespace).map(({ spec }) => objectsAt(objectAt(spec).limits));
}
