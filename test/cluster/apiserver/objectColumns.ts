import type { KubeObject } from '../store.ts';
import { age } from './age.ts';
import { AGE, type Column, column, NAME } from './column.ts';
import { objectAt, objectsAt, stringAt } from './json.ts';

function endOf({ status }: KubeObject): string {
  const ended = objectsAt(objectAt(status).conditions).find(
    ({ type, status: isTrue }) =>
      ['Complete', 'Failed'].includes(String(type)) && isTrue === 'True',
  );
  return stringAt(ended?.type);
}

export const jobColumns: readonly Column[] = [
  NAME,
  column('Status', (job) => endOf(job) || (objectAt(job.spec).suspend ? 'Suspended' : 'Running')),
  column('Completions', ({ spec, status }) => {
    const { completions, parallelism } = objectAt(spec);
    const succeeded = objectAt(status).succeeded ?? 0;
    if (completions !== undefined) return `${succeeded}/${completions}`;
    return Number(parallelism) > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
  }),
  column('Duration', ({ status }) => {
    const { startTime, completionTime } = objectAt(status);
    if (startTime === undefined) return '';
    if (completionTime === undefined) return age(stringAt(startTime));
    return `${(Date.parse(stringAt(completionTime)) - Date.parse(stringAt(startTime))) / 1000}s`;
  }),
  AGE,
];

export const cronJobColumns: readonly Column[] = [
  NAME,
  column('Schedule', ({ spec }) => stringAt(objectAt(spec).schedule)),
  column('Timezone', ({ spec }) => stringAt(objectAt(spec).timeZone) || '<none>'),
  column('Suspend', ({ spec }) => (objectAt(spec).suspend === true ? 'True' : 'False')),
  column('Active', ({ status }) => objectsAt(objectAt(status).active).length, { type: 'integer' }),
  column('Last Schedule', ({ status }) => {
    const last = stringAt(objectAt(status).lastScheduleTime);
    return last ? age(last) : '<none>';
  }),
  AGE,
];

/** The same as Kubernetes' printer: three items, and the number of the others. */
function firstThree(items: readonly string[]): string {
  const more = items.length > 3 ? ` + ${items.length - 3} more...` : '';
  return items.slice(0, 3).join(',') + more || '<none>';
}

export const endpointsColumns: readonly Column[] = [
  NAME,
  column('Endpoints', ({ subsets }) =>
    firstThree(
      objectsAt(subsets).flatMap(({ addresses, ports }) =>
        objectsAt(ports).flatMap(({ port }) =>
          objectsAt(addresses).map(({ ip }) => `${stringAt(ip)}:${Number(port)}`),
        ),
      ),
    ),
  ),
  AGE,
];

export const endpointSliceColumns: readonly Column[] = [
  NAME,
  column('AddressType', ({ addressType }) => stringAt(addressType)),
  column('Ports', ({ ports }) =>
    objectsAt(ports).length > 0
      ? firstThree(objectsAt(ports).map(({ port }) => String(port)))
      : '<unset>',
  ),
  column('Endpoints', ({ endpoints }) => {
    const addresses = objectsAt(endpoints).flatMap((endpoint) =>
      [endpoint.addresses].flat().map(String),
    );
    return addresses.length > 0 ? firstThree(addresses) : '<unset>';
  }),
  AGE,
];

function usedOf({ status }: KubeObject, isLimit: boolean): string {
  const { hard, used } = objectAt(status);
  return Object.entries(objectAt(hard))
    .filter(([name]) => name.startsWith('limits.') === isLimit)
    .map(([name, most]) => `${name}: ${objectAt(used)[name] ?? '0'}/${most}`)
    .sort()
    .join(', ');
}

export const resourceQuotaColumns: readonly Column[] = [
  NAME,
  column('Request', (quota) => usedOf(quota, false)),
  column('Limit', (quota) => usedOf(quota, true)),
  AGE,
];
