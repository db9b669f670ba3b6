import type { KubeObject, NewObject, Store } from '../store.ts';
import { Amount, type Amounts, addAmounts, amountsAt, plainAmounts } from './amount.ts';
import { type JsonObject, objectAt, objectsAt, stringsAt } from './json.ts';
import { podResources } from './podResources.ts';
import { isFinished, podSpecOf } from './podSpec.ts';
import { forbidden } from './status.ts';

// The rules and messages of the ResourceQuota admission plugin and of pkg/quota/v1. Only new objects are counted:
// adding an ephemeral container is free, and no quota counts its use of the node.

type Counted = NewObject | KubeObject;

/** Resources that containers must specify themselves if a quota limits them. */
const EXPLICIT = new Set([
  ...['cpu', 'memory', 'requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory'],
]);

/** Rejects a new object that would exceed a quota of its namespace. */
export function enforceQuotas(
  store: Store,
  namespace: string,
  resource: string,
  object: NewObject,
): void {
  const usage = usageOf(resource, object);
  const refuse = (why: string) => {
    const [name = '', ...group] = resource.split('.');
    return forbidden({ group: group.join('.'), resource: name }, object.metadata.name, why);
  };
  for (const quota of store.list('resourcequotas', namespace)) {
    const { name } = quota.metadata;
    const hard = hardOf(quota);
    if (resource === 'pods') {
      if (!isInScope(quota, object)) continue;
      const missing = missingResources(podSpecOf(object), [...hard.keys()]);
      if (missing) throw refuse(`failed quota: ${name}: must specify ${missing}`);
    }
    const used = quotaUsage(store, namespace, quota);
    const exceeded = [...usage.keys()].filter((key) => {
      const bound = hard.get(key);
      const after = (used.get(key) ?? Amount.zero).plus(usage.get(key) ?? Amount.zero);
      return bound !== undefined && after.isMoreThan(bound);
    });
    if (exceeded.length === 0) continue;
    const list = (amounts: Amounts) =>
      exceeded
        .sort()
        .map((key) => `${key}=${amounts.get(key) ?? '0'}`)
        .join(',');
    throw refuse(
      `exceeded quota: ${name}, requested: ${list(usage)}, used: ${list(used)}, limited: ${list(hard)}`,
    );
  }
}

/** The status of a quota: its limits and the current use. */
export function quotaStatus(store: Store, namespace: string, quota: NewObject): JsonObject {
  const used = quotaUsage(store, namespace, quota);
  return { hard: plainAmounts(hardOf(quota)), used: plainAmounts(used) };
}

function hardOf({ spec }: NewObject): Amounts {
  return amountsAt(objectAt(spec).hard);
}

/** The current use of the quota's resources in its namespace. */
function quotaUsage(store: Store, namespace: string, quota: NewObject): Amounts {
  const used = new Map<string, Amount>();
  const keys = [...hardOf(quota).keys()];
  for (const resource of new Set(keys.map(resourceOf))) {
    for (const object of store.list(resource, namespace))
      if (resource !== 'pods' || isInScope(quota, object))
        addAmounts(used, usageOf(resource, object));
  }
  return new Map(keys.map((key) => [key, used.get(key) ?? Amount.zero]));
}

/** The objects that a name in a quota counts. */
function resourceOf(key: string): string {
  if (key.startsWith('count/')) return key.slice('count/'.length);
  if (key.startsWith('services.')) return 'services';
  const plain = ['services', 'secrets', 'configmaps', 'resourcequotas'];
  return plain.includes(key) ? key : 'pods';
}

function usageOf(resource: string, object: Counted): Amounts {
  const usage = new Map([[`count/${resource}`, Amount.of(1)]]);
  if (resource === 'pods') addAmounts(usage, podUsage(object));
  else if (!resource.includes('.')) usage.set(resource, Amount.of(1));
  if (resource === 'services') {
    const { type } = objectAt(object.spec);
    if (type === 'LoadBalancer') usage.set('services.loadbalancers', Amount.of(1));
    if (type === 'LoadBalancer' || type === 'NodePort')
      usage.set('services.nodeports', Amount.of(objectsAt(objectAt(object.spec).ports).length));
  }
  return usage;
}

function podUsage(pod: Counted): Amounts {
  if (isFinished(pod)) return new Map();
  const usage = new Map([['pods', Amount.of(1)]]);
  for (const [name, amount] of podResources(podSpecOf(pod), 'requests')) {
    usage.set(name, amount);
    usage.set(`requests.${name}`, amount);
  }
  for (const [name, amount] of podResources(podSpecOf(pod), 'limits'))
    usage.set(`limits.${name}`, amount);
  return usage;
}

/** `limits.cpu for: a,b; requests.memory for: a`. Undefined if nothing is missing. */
function missingResources(spec: JsonObject, limited: readonly string[]): string | undefined {
  const containers = [...objectsAt(spec.containers), ...objectsAt(spec.initContainers)];
  const missing = limited
    .filter((key) => EXPLICIT.has(key))
    .sort()
    .map((key) => {
      const [field, name = field] = key.split('.');
      const list = field === 'limits' ? 'limits' : 'requests';
      const without = containers.filter(
        ({ resources }) => !objectAt(objectAt(resources)[list])[String(name)],
      );
      return { key, names: without.map((container) => String(container.name)).sort() };
    })
    .filter(({ names }) => names.length > 0);
  if (missing.length === 0) return undefined;
  return missing.map(({ key, names }) => `${key} for: ${names.join(',')}`).join('; ');
}

function isInScope(quota: NewObject, pod: Counted): boolean {
  const spec = podSpecOf(pod);
  const isBestEffort = objectAt(pod.status).qosClass === 'BestEffort';
  const isTerminating = spec.activeDeadlineSeconds !== undefined;
  const scopes: Readonly<Record<string, boolean>> = {
    BestEffort: isBestEffort,
    NotBestEffort: !isBestEffort,
    Terminating: isTerminating,
    NotTerminating: !isTerminating,
  };
  return stringsAt(objectAt(quota.spec).scopes).every((scope) => scopes[scope] ?? true);
}
