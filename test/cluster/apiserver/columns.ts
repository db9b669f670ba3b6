import { AGE, type Column, column, NAME } from './column.ts';
import { eventColumns } from './eventColumns.ts';
import { objectAt, objectsAt, stringAt } from './json.ts';
import { nodeColumns } from './nodeColumns.ts';
import {
  cronJobColumns,
  endpointSliceColumns,
  endpointsColumns,
  jobColumns,
  resourceQuotaColumns,
} from './objectColumns.ts';
import { podColumns } from './podColumns.ts';
import {
  daemonSetColumns,
  deploymentColumns,
  replicaSetColumns,
  serviceColumns,
  statefulSetColumns,
} from './workloadColumns.ts';

const DATA = column('Data', ({ data, binaryData }) => countOf(data) + countOf(binaryData));

function countOf(map: unknown): number {
  return Object.keys(objectAt(map)).length;
}

const ROLE = column('Role', ({ roleRef }) => {
  const { kind, name } = objectAt(roleRef);
  return `${stringAt(kind)}/${stringAt(name)}`;
});

const COLUMNS: Readonly<Record<string, readonly Column[]>> = {
  pods: podColumns,
  nodes: nodeColumns,
  events: eventColumns,
  namespaces: [NAME, column('Status', ({ status }) => stringAt(objectAt(status).phase)), AGE],
  services: serviceColumns,
  'deployments.apps': deploymentColumns,
  'replicasets.apps': replicaSetColumns,
  'statefulsets.apps': statefulSetColumns,
  'daemonsets.apps': daemonSetColumns,
  'jobs.batch': jobColumns,
  'cronjobs.batch': cronJobColumns,
  endpoints: endpointsColumns,
  'endpointslices.discovery.k8s.io': endpointSliceColumns,
  resourcequotas: resourceQuotaColumns,
  configmaps: [NAME, DATA, AGE],
  secrets: [NAME, column('Type', ({ type }) => stringAt(type)), DATA, AGE],
  serviceaccounts: [NAME, column('Secrets', ({ secrets }) => objectsAt(secrets).length), AGE],
  'rolebindings.rbac.authorization.k8s.io': [NAME, ROLE, AGE],
  'clusterrolebindings.rbac.authorization.k8s.io': [NAME, ROLE, AGE],
};

const CREATED_AT = column('Created At', ({ metadata }) => metadata.creationTimestamp);

export function columnsOf(resource: string): readonly Column[] {
  return COLUMNS[resource] ?? [NAME, CREATED_AT];
}
