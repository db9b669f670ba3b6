import { type JsonObject, objectAt, objectsAt, stringAt } from './apiserver/json.ts';
import { hasAll, termMatches } from './apiserver/objectSelectors.ts';
import type { KubeObject } from './store.ts';

/** Whether a pod with this spec may run on the node, according to names and labels. */
export function fitsNode(spec: JsonObject, { metadata }: KubeObject): boolean {
  const labels = metadata.labels ?? {};
  if (!hasAll(labels, objectAt(spec.nodeSelector))) return false;
  const affinity = objectAt(objectAt(spec.affinity).nodeAffinity);
  const required = objectAt(affinity.requiredDuringSchedulingIgnoredDuringExecution);
  const terms = objectsAt(required.nodeSelectorTerms);
  const fields = { 'metadata.name': metadata.name };
  return (
    terms.length === 0 ||
    terms.some(
      ({ matchFields, matchExpressions }) =>
        objectsAt(matchFields).every((term) => termMatches(term, fields)) &&
        objectsAt(matchExpressions).every((term) => termMatches(term, labels)),
    )
  );
}

/** Whether a pod with this spec tolerates all taints of the node with one of these effects. */
export function tolerates(
  spec: JsonObject,
  node: { readonly [field: string]: unknown },
  effects: readonly ('NoSchedule' | 'NoExecute')[],
): boolean {
  return objectsAt(objectAt(node.spec).taints)
    .filter(({ effect }) => effects.some((candidate) => candidate === effect))
    .every((taint) => objectsAt(spec.tolerations).some((toleration) => accepts(toleration, taint)));
}

function accepts(toleration: JsonObject, taint: JsonObject): boolean {
  const effect = stringAt(toleration.effect);
  if (effect && effect !== taint.effect) return false;
  const key = stringAt(toleration.key);
  if (toleration.operator === 'Exists') return key === '' || key === taint.key;
  return key === taint.key && stringAt(toleration.value) === stringAt(taint.value);
}
