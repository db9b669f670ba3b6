import { invalidValue, missing, required, unsupported } from './fieldErrors.ts';
import { type JsonObject, objectsAt, stringAt } from './json.ts';
import { isDnsLabel, LABEL_RULE, LONGEST_LABEL } from './names.ts';
import type { Cause } from './status.ts';

/** Checks for every container of a pod. `field` is its path in the pod. */
export function validateContainer(
  container: JsonObject,
  volumeNames: ReadonlySet<string>,
  field: string,
): Cause[] {
  return [
    ...validateName(stringAt(container.name), `${field}.name`),
    ...validateImage(stringAt(container.image), `${field}.image`),
    ...validateChoice(container.terminationMessagePolicy, `${field}.terminationMessagePolicy`, [
      'FallbackToLogsOnError',
      'File',
    ]),
    ...objectsAt(container.env).flatMap((variable, index) =>
      variable.name ? [] : [required(`${field}.env[${index}].name`)],
    ),
    ...validateMounts(objectsAt(container.volumeMounts), volumeNames, `${field}.volumeMounts`),
    ...validateChoice(container.imagePullPolicy, `${field}.imagePullPolicy`, [
      'Always',
      'IfNotPresent',
      'Never',
    ]),
  ];
}

function validateName(name: string, field: string): Cause[] {
  if (!name) return [required(field)];
  const causes: Cause[] = [];
  if (name.length > LONGEST_LABEL) {
    causes.push(invalidValue(field, name, `must be no more than ${LONGEST_LABEL} characters`));
  }
  if (!isDnsLabel(name)) causes.push(invalidValue(field, name, LABEL_RULE));
  return causes;
}

function validateImage(image: string, field: string): Cause[] {
  if (!image) return [required(field)];
  if (image === image.trim()) return [];
  return [invalidValue(field, image, 'must not have leading or trailing whitespace')];
}

function validateChoice(value: unknown, field: string, choices: readonly string[]): Cause[] {
  const given = stringAt(value);
  if (!given) return [required(field)];
  return choices.includes(given) ? [] : [unsupported(field, given, choices)];
}

function validateMounts(
  mounts: readonly JsonObject[],
  volumeNames: ReadonlySet<string>,
  field: string,
): Cause[] {
  return mounts.flatMap((mount, index) => {
    const name = stringAt(mount.name);
    const here = `${field}[${index}]`;
    return [
      ...(name ? [] : [required(`${here}.name`)]),
      ...(name && !volumeNames.has(name) ? [missing(`${here}.name`, name)] : []),
      ...(mount.mountPath ? [] : [required(`${here}.mountPath`)]),
    ];
  });
}
