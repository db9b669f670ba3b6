import type { KubeObject } from '../store.ts';
import { AGE, type Column, column, NAME } from './column.ts';
import { objectAt, objectsAt, stringAt } from './json.ts';

function fromSpec(field: string): (object: KubeObject) => number {
  return ({ spec }) => Number(objectAt(spec)[field] ?? 0);
}

function fromStatus(field: string): (object: KubeObject) => number {
  return ({ status }) => Number(objectAt(status)[field] ?? 0);
}

function containersOf({ spec }: KubeObject): Record<string, unknown>[] {
  return objectsAt(objectAt(objectAt(objectAt(spec).template).spec).containers);
}

function selectorText(labels: unknown): string {
  const terms = Object.entries(objectAt(labels)).map(([key, value]) => `${key}=${value}`);
  return terms.sort().join(',') || '<none>';
}

const WIDE: readonly Column[] = [
  column(
    'Containers',
    (object) =>
      containersOf(object)
        .map(({ name }) => name)
        .join(','),
    {
      priority: 1,
    },
  ),
  column(
    'Images',
    (object) =>
      containersOf(object)
        .map(({ image }) => image)
        .join(','),
    {
      priority: 1,
    },
  ),
  column('Selector', ({ spec }) => selectorText(objectAt(objectAt(spec).selector).matchLabels), {
    priority: 1,
  }),
];

export const deploymentColumns: readonly Column[] = [
  NAME,
  column(
    'Ready',
    (object) => `${fromStatus('readyReplicas')(object)}/${fromSpec('replicas')(object)}`,
  ),
  column('Up-to-date', fromStatus('updatedReplicas')),
  column('Available', fromStatus('availableReplicas')),
  AGE,
  ...WIDE,
];

export const replicaSetColumns: readonly Column[] = [
  NAME,
  column('Desired', fromSpec('replicas'), { type: 'integer' }),
  column('Current', fromStatus('replicas'), { type: 'integer' }),
  column('Ready', fromStatus('readyReplicas'), { type: 'integer' }),
  AGE,
  ...WIDE,
];

export const statefulSetColumns: readonly Column[] = [
  NAME,
  column(
    'Ready',
    (object) => `${fromStatus('readyReplicas')(object)}/${fromSpec('replicas')(object)}`,
  ),
  AGE,
  ...WIDE.slice(0, 2),
];

export const daemonSetColumns: readonly Column[] = [
  NAME,
  column('Desired', fromStatus('desiredNumberScheduled'), { type: 'integer' }),
  column('Current', fromStatus('currentNumberScheduled'), { type: 'integer' }),
  column('Ready', fromStatus('numberReady'), { type: 'integer' }),
  column('Up-to-date', fromStatus('updatedNumberScheduled'), { type: 'integer' }),
  column('Available', fromStatus('numberAvailable'), { type: 'integer' }),
  column('Node Selector', ({ spec }) =>
    selectorText(objectAt(objectAt(objectAt(objectAt(spec).template).spec).nodeSelector)),
  ),
  AGE,
  ...WIDE,
];

export const serviceColumns: readonly Column[] = [
  NAME,
  column('Type', ({ spec }) => stringAt(objectAt(spec).type) || 'ClusterIP'),
  column('Cluster-IP', ({ spec }) => stringAt(objectAt(spec).clusterIP) || '<none>'),
  column('External-IP', () => '<none>'),
  column('Port(s)', ({ spec }) => {
    const ports = objectsAt(objectAt(spec).ports);
    return ports.map(({ port, protocol }) => `${port}/${protocol ?? 'TCP'}`).join(',') || '<none>';
  }),
  AGE,
  column('Selector', ({ spec }) => selectorText(objectAt(spec).selector), { priority: 1 }),
];
