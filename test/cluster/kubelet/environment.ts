import { expandVariables } from './expansion.ts';
import type { Container, Pod } from './pod.ts';

/** The container's own variables in order, with resolved references to earlier ones and to the pod. */
export function environmentOf(container: Container, pod: Pod): Map<string, string> {
  const values = new Map<string, string>();
  for (const { name, value, valueFrom } of container.env ?? []) {
    const path = valueFrom?.fieldRef?.fieldPath;
    values.set(name, path ? fieldOf(pod, path) : expandVariables(value ?? '', values));
  }
  return values;
}

/** The fields that the downward API provides to variables. */
function fieldOf({ metadata, spec, status }: Pod, path: string): string {
  switch (path) {
    case 'metadata.name':
      return metadata.name;
    case 'metadata.namespace':
      return metadata.namespace;
    case 'metadata.uid':
      return metadata.uid;
    case 'spec.nodeName':
      return spec.nodeName ?? '';
    case 'status.hostIP':
      return status.hostIP ?? '';
    case 'status.podIP':
      return status.podIP ?? '';
    default:
      throw new Error(`unsupported fieldPath: ${path}`);
  }
}
