import type { KubeObject } from '../store.ts';
import { age } from './age.ts';

/** One column of `kubectl get`. */
export interface Column {
  readonly name: string;
  readonly type: 'string' | 'integer';
  readonly format: string;
  readonly description: string;
  /** 0 is always shown, 1 only with `-o wide`. */
  readonly priority: 0 | 1;
  readonly cell: (object: KubeObject) => string | number;
}

export function column(
  name: string,
  cell: (object: KubeObject) => string | number,
  more: Partial<Omit<Column, 'name' | 'cell'>> = {},
): Column {
  return { name, type: 'string', format: '', description: '', priority: 0, ...more, cell };
}

const NAME_DESCRIPTION =
  'Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names';

const AGE_DESCRIPTION =
  'CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata';

export const NAME = column('Name', (object) => object.metadata.name, {
  format: 'name',
  description: NAME_DESCRIPTION,
});

export const AGE = column('Age', (object) => age(object.metadata.creationTimestamp), {
  description: AGE_DESCRIPTION,
});
