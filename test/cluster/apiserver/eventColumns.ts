import type { KubeObject } from '../store.ts';
import { age } from './age.ts';
import { type Column, column, NAME } from './column.ts';
import { objectAt, stringAt } from './json.ts';

function firstSeen(event: KubeObject): string {
  return age(event.firstTimestamp ?? event.eventTime);
}

function lastSeen(event: KubeObject): string {
  const series = objectAt(event.series);
  const last = series.lastObservedTime ?? event.lastTimestamp ?? event.eventTime;
  const count = Number(series.count ?? event.count ?? 1);
  return count > 1 ? `${age(last)} (x${count} over ${firstSeen(event)})` : age(last);
}

function subject(event: KubeObject): string {
  const { kind, name } = objectAt(event.involvedObject);
  return `${stringAt(kind).toLowerCase()}/${stringAt(name)}`;
}

function source(event: KubeObject): string {
  const { component, host } = objectAt(event.source);
  const name = stringAt(component) || stringAt(event.reportingComponent);
  const place = stringAt(host) || stringAt(event.reportingInstance);
  return place ? `${name}, ${place}` : name;
}

export const eventColumns: readonly Column[] = [
  column('Last Seen', lastSeen),
  column('Type', ({ type }) => stringAt(type)),
  column('Reason', ({ reason }) => stringAt(reason)),
  column('Object', subject),
  column('Subobject', ({ involvedObject }) => stringAt(objectAt(involvedObject).fieldPath), {
    priority: 1,
  }),
  column('Source', source, { priority: 1 }),
  column('Message', ({ message }) => stringAt(message).trim()),
  column('First Seen', firstSeen, { priority: 1 }),
  column('Count', ({ count }) => Number(count ?? 1), { type: 'integer', priority: 1 }),
  { ...NAME, priority: 1 },
];
