import type { KubeObject } from '../store.ts';
import { AGE, type Column, column, NAME } from './column.ts';
import { objectAt, objectsAt, stringAt } from './json.ts';

const ROLE_LABEL = 'node-role.kubernetes.io/';

function nodeStatus(node: KubeObject): string {
  const ready = objectsAt(objectAt(node.status).conditions).find(({ type }) => type === 'Ready');
  const state = ready ? (ready.status === 'True' ? 'Ready' : 'NotReady') : 'Unknown';
  return objectAt(node.spec).unschedulable ? `${state},SchedulingDisabled` : state;
}

function roles(node: KubeObject): string {
  const names = Object.keys(node.metadata.labels ?? {})
    .filter((label) => label.startsWith(ROLE_LABEL) && label !== ROLE_LABEL)
    .map((label) => label.slice(ROLE_LABEL.length));
  return names.sort().join(',') || '<none>';
}

function address(kind: string): (node: KubeObject) => string {
  return (node) => {
    const found = objectsAt(objectAt(node.status).addresses).find(({ type }) => type === kind);
    return stringAt(found?.address) || '<none>';
  };
}

function info(field: string): (node: KubeObject) => string {
  return (node) => stringAt(objectAt(objectAt(node.status).nodeInfo)[field]) || '<unknown>';
}

export const nodeColumns: readonly Column[] = [
  NAME,
  column('Status', nodeStatus),
  column('Roles', roles),
  AGE,
  column('Version', info('kubeletVersion')),
  column('Internal-IP', address('InternalIP'), { priority: 1 }),
  column('External-IP', address('ExternalIP'), { priority: 1 }),
  column('OS-Image', info('osImage'), { priority: 1 }),
  column('Kernel-Version', info('kernelVersion'), { priority: 1 }),
  column('Container-Runtime', info('containerRuntimeVersion'), { priority: 1 }),
];
