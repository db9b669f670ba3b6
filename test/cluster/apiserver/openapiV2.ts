import { RESOURCES, type ResourceKind, resourcePath } from './resources.ts';

/**
 * The same minimal content as in the v3 documents, for kubectl before 1.29, which only reads protobuf here. The field
 * numbers are those of gnostic's openapi.v2.Document.
 */
export function openapiV2Document(): Buffer {
  const info = message([1, 'Kubernetes'], [2, 'v1.36.2']);
  return message([1, '2.0'], [2, info], [8, message(...RESOURCES.map(pathEntry))]);
}

type Field = readonly [number: number, value: string | Buffer];

function pathEntry(kind: ResourceKind): Field {
  const gvk = `group: "${kind.group}"\nversion: ${kind.version}\nkind: ${kind.kind}\n`;
  const extension = message([1, 'x-kubernetes-group-version-kind'], [2, message([2, gvk])]);
  const queryParameter = message([2, 'query'], [4, 'fieldValidation'], [6, 'string']);
  const parameter = message([1, message([2, message([3, queryParameter])])]);
  const patch = message([8, parameter], [13, extension]);
  return [2, message([1, resourcePath(kind)], [2, message([8, patch])])];
}

/** A protobuf message that contains only strings and messages. */
function message(...fields: readonly Field[]): Buffer {
  return Buffer.concat(
    fields.flatMap(([number, value]) => {
      const bytes = Buffer.from(value);
      return [varint((number << 3) | 2), varint(bytes.length), bytes];
    }),
  );
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, rest]);
}
