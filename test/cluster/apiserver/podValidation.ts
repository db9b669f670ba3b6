import { isDeepStrictEqual } from 'node:util';
import { validateContainer } from './containerValidation.ts';
import { duplicate, forbiddenField, required, unsupported } from './fieldErrors.ts';
import { goDump } from './goDump.ts';
import { type JsonObject, objectsAt, stringAt } from './json.ts';
import type { Cause } from './status.ts';
import { unifiedDiff } from './unifiedDiff.ts';

/** The errors in the spec of a new pod. */
export function validatePodSpec(spec: JsonObject): Cause[] {
  const volumeNames = volumeNamesOf(spec);
  const names = new Set<string>();
  const causes: Cause[] = [];
  for (const list of ['containers', 'initContainers'] as const) {
    for (const [index, container] of objectsAt(spec[list]).entries()) {
      const field = `spec.${list}[${index}]`;
      causes.push(...validateContainer(container, volumeNames, field));
      const name = stringAt(container.name);
      if (names.has(name)) causes.push(duplicate(`${field}.name`, name));
      names.add(name);
    }
  }
  if (objectsAt(spec.containers).length === 0) causes.unshift(required('spec.containers'));
  if (objectsAt(spec.ephemeralContainers).length > 0) {
    causes.push(forbiddenField('spec.ephemeralContainers', 'cannot be set on create'));
  }
  const policy = stringAt(spec.restartPolicy);
  const policies = ['Always', 'Never', 'OnFailure'];
  if (!policies.includes(policy)) {
    causes.push(unsupported('spec.restartPolicy', policy, policies));
  }
  return causes;
}

export function volumeNamesOf(spec: JsonObject): Set<string> {
  return new Set(objectsAt(spec.volumes).map((volume) => stringAt(volume.name)));
}

/** The errors in an update of a pod: almost all of its spec is immutable. */
export function validatePodUpdate(previous: JsonObject, next: JsonObject): Cause[] {
  const allowed = withImagesOf(next, previous);
  for (const field of ['activeDeadlineSeconds', 'tolerations', 'terminationGracePeriodSeconds']) {
    if (previous[field] === undefined) delete allowed[field];
    else allowed[field] = previous[field];
  }
  if (isDeepStrictEqual(allowed, previous)) return [];
  const difference = unifiedDiff(goDump('PodSpec', previous), goDump('PodSpec', allowed));
  return [
    forbiddenField(
      'spec',
      `pod updates may not change fields other than \`spec.containers[*].image\`,\`spec.initContainers[*].image\`,\`spec.activeDeadlineSeconds\`,\`spec.tolerations\` (only additions to existing tolerations),\`spec.terminationGracePeriodSeconds\` (allow it to be set to 1 if it was previously negative)\n${difference}`,
    ),
  ];
}

function withImagesOf(spec: JsonObject, source: JsonObject): JsonObject {
  const copy = structuredClone(spec);
  for (const list of ['containers', 'initContainers']) {
    const images = objectsAt(source[list]).map((container) => container.image);
    for (const [index, container] of objectsAt(copy[list]).entries()) {
      container.image = images[index];
    }
  }
  return copy;
}
