import type { KubeObject } from '../store.ts';
import { denyPod } from './admission.ts';
import { validateContainer } from './containerValidation.ts';
import type { ResourceRequest } from './context.ts';
import { duplicate, forbiddenField, missing } from './fieldErrors.ts';
import { goDump } from './goDump.ts';
import { type JsonObject, objectsAt, stringAt } from './json.ts';
import { enforcePodSecurity } from './podSecurity.ts';
import { containerNames, defaultContainer, isMirrorPod, podSpecOf } from './podSpec.ts';
import { volumeNamesOf } from './podValidation.ts';
import { fieldsOf } from './schema.ts';
import { type Cause, invalid } from './status.ts';
import { unifiedDiff } from './unifiedDiff.ts';
import { dropUnknownFields } from './unknownFields.ts';
import { changeObject } from './update.ts';

const ALLOWED = new Set([
  ...['name', 'image', 'command', 'args', 'workingDir', 'env', 'envFrom', 'volumeMounts'],
  ...['volumeDevices', 'terminationMessagePath', 'terminationMessagePolicy', 'imagePullPolicy'],
  ...['securityContext', 'stdin', 'stdinOnce', 'tty', 'targetContainerName'],
]);

/** PATCH or PUT of pods/ephemeralcontainers. */
export function changeEphemeralContainers(request: ResourceRequest): Promise<void> {
  return changeObject(request, (previous, desired) => {
    const next = withEphemeralContainers(previous, desired);
    const causes = validate(previous, next);
    if (causes.length > 0) throw invalid(request.kind, previous.metadata.name, causes);
    enforcePodSecurity(request, next);
    denyPod(request, next, 'debuggers');
    return next;
  });
}

// Only the ephemeral containers of the client's object are used. The rest is ignored.
function withEphemeralContainers(previous: KubeObject, desired: KubeObject): KubeObject {
  const ephemeralContainers = objectsAt(podSpecOf(desired).ephemeralContainers);
  for (const container of ephemeralContainers) {
    dropUnknownFields('EphemeralContainer', container);
    defaultContainer(container);
  }
  const { ephemeralContainers: _old, ...spec } = podSpecOf(previous);
  return {
    ...previous,
    metadata: { ...previous.metadata },
    spec: { ...spec, ...(ephemeralContainers.length > 0 && { ephemeralContainers }) },
  };
}

function validate(previous: KubeObject, next: KubeObject): Cause[] {
  if (isMirrorPod(previous.metadata.annotations)) {
    return [forbiddenField('[]', 'static pods do not support ephemeral containers')];
  }
  const spec = podSpecOf(next);
  const containers = objectsAt(spec.ephemeralContainers);
  return [...validateAll(spec, containers), ...validateUnchanged(podSpecOf(previous), containers)];
}

function validateAll(spec: JsonObject, containers: readonly JsonObject[]): Cause[] {
  const regular = new Set([
    ...containerNames(spec, 'containers'),
    ...containerNames(spec, 'initContainers'),
  ]);
  const names = new Set(regular);
  const volumeNames = volumeNamesOf(spec);
  return containers.flatMap((container, index) => {
    const field = `spec.ephemeralContainers[${index}]`;
    const causes = validateContainer(container, volumeNames, field);
    const name = stringAt(container.name);
    if (names.has(name)) causes.push(duplicate(`${field}.name`, name));
    names.add(name);
    const target = stringAt(container.targetContainerName);
    if (target && !regular.has(target)) {
      causes.push(missing(`${field}.targetContainerName`, target));
    }
    return [...causes, ...refuseFields(container, field)];
  });
}

const NOT_HERE = 'cannot be set for an Ephemeral Container';

function refuseFields(container: JsonObject, field: string): Cause[] {
  const set = (fieldsOf('EphemeralContainer') ?? []).filter(
    ({ name }) => !ALLOWED.has(name) && !isEmpty(container[name]),
  );
  const subPaths = objectsAt(container.volumeMounts).flatMap((mount, index) =>
    ['subPath', 'subPathExpr']
      .filter((name) => mount[name])
      .map((name) => `volumeMounts[${index}].${name}`),
  );
  return [...set.map(({ name }) => name), ...subPaths].map((name) =>
    forbiddenField(`${field}.${name}`, NOT_HERE),
  );
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || Object.keys(value).length === 0;
}

function validateUnchanged(previous: JsonObject, containers: readonly JsonObject[]): Cause[] {
  const byName = new Map(containers.map((container) => [stringAt(container.name), container]));
  return objectsAt(previous.ephemeralContainers).flatMap((old) => {
    const name = stringAt(old.name);
    const fresh = byName.get(name);
    const which = `existing ephemeral containers ${JSON.stringify(name)} may not be`;
    if (!fresh) return [forbiddenField('spec.ephemeralContainers', `${which} removed\n`)];
    const before = goDump('EphemeralContainer', old);
    const after = goDump('EphemeralContainer', fresh);
    if (before === after) return [];
    return [
      forbiddenField('spec.ephemeralContainers', `${which} changed\n${unifiedDiff(before, after)}`),
    ];
  });
}
