import { Amount, type Amounts, addAmounts, amountsAt } from './amount.ts';
import { type JsonObject, objectAt, objectsAt } from './json.ts';

/**
 * The total `requests` or `limits` of a pod: the sum of its regular containers and sidecars, or the largest init
 * container if that is more. Ephemeral containers have no resources and do not count.
 */
export function podResources(spec: JsonObject, field: 'requests' | 'limits'): Amounts {
  const total = new Map<string, Amount>();
  const of = (container: JsonObject) => amountsAt(objectAt(container.resources)[field]);
  for (const container of objectsAt(spec.containers)) addAmounts(total, of(container));
  const sidecars = new Map<string, Amount>();
  const initial = new Map<string, Amount>();
  for (const container of objectsAt(spec.initContainers)) {
    const isSidecar = container.restartPolicy === 'Always';
    if (isSidecar) addAmounts(sidecars, of(container));
    // An init container runs together with the sidecars that were started before it.
    const meanwhile = new Map(sidecars);
    if (!isSidecar) addAmounts(meanwhile, of(container));
    for (const [name, amount] of meanwhile)
      initial.set(name, (initial.get(name) ?? Amount.zero).max(amount));
  }
  addAmounts(total, sidecars);
  for (const [name, amount] of initial)
    total.set(name, (total.get(name) ?? Amount.zero).max(amount));
  return total;
}
