import type { KubeObject } from '../store.ts';
import { valueAt } from './json.ts';
import { badRequest } from './status.ts';

export type Selector = (object: KubeObject) => boolean;

const LABEL_TERM =
  /^\s*(?:(!)\s*([^\s!=,()]+)|([^\s!=,()]+)(?:\s*(==|=|!=)\s*([^\s,()]*)|\s+(in|notin)\s*\(([^)]*)\))?)\s*$/;

/** Parses `app=web,tier!=db,env in (a,b),!old`. Rejects anything else with 400. */
export function labelSelector(text: string): Selector {
  const terms = splitOutsideParentheses(text).map(labelTerm);
  return (object) => terms.every((matches) => matches(object.metadata.labels ?? {}));
}

function labelTerm(term: string): (labels: Record<string, string>) => boolean {
  const match = LABEL_TERM.exec(term);
  if (!match) throw badRequest(`unable to parse requirement: ${JSON.stringify(term)}`);
  const [, not, absent = '', key = '', operator, value = '', set, members = ''] = match;
  if (not) return (labels) => !Object.hasOwn(labels, absent);
  if (operator === '!=') return (labels) => labels[key] !== value;
  if (operator) return (labels) => labels[key] === value;
  if (!set) return (labels) => Object.hasOwn(labels, key);
  const values = new Set(members.split(',').map((member) => member.trim()));
  const isIn = (labels: Record<string, string>) =>
    labels[key] !== undefined && values.has(labels[key]);
  return set === 'in' ? isIn : (labels) => !isIn(labels);
}

function splitOutsideParentheses(text: string): string[] {
  return text.trim() === '' ? [] : text.split(/,(?![^(]*\))/);
}

const POD_FIELDS = [
  'spec.nodeName',
  'spec.restartPolicy',
  'spec.schedulerName',
  'spec.serviceAccountName',
  'spec.hostNetwork',
  'status.phase',
  'status.podIP',
  'status.nominatedNodeName',
];

const EVENT_FIELDS = [
  'involvedObject.kind',
  'involvedObject.namespace',
  'involvedObject.name',
  'involvedObject.uid',
  'involvedObject.apiVersion',
  'involvedObject.resourceVersion',
  'involvedObject.fieldPath',
  'reason',
  'reportingComponent',
  'type',
];

const FIELDS: Readonly<Record<string, readonly string[]>> = {
  pods: POD_FIELDS,
  events: EVENT_FIELDS,
  namespaces: ['status.phase'],
  nodes: ['spec.unschedulable'],
  secrets: ['type'],
  'jobs.batch': ['status.successful'],
};

/** Parses `status.phase!=Running,spec.nodeName=a` with the fields that the resource allows. */
export function fieldSelector(resource: string, text: string): Selector {
  const allowed = new Set(['metadata.name', 'metadata.namespace', ...(FIELDS[resource] ?? [])]);
  const terms = text
    .split(',')
    .filter((term) => term.trim() !== '')
    .map((term) => {
      const match = /^\s*([^\s=!]+)\s*(==|=|!=)\s*(.*?)\s*$/.exec(term);
      const [, field = '', operator, value = ''] = match ?? [];
      if (!match) {
        throw badRequest(
          `invalid selector: ${JSON.stringify(text)}; can't understand ${JSON.stringify(term)}`,
        );
      }
      if (!allowed.has(field)) throw badRequest(`field label not supported: ${field}`);
      const path = field.split('.');
      return (object: KubeObject) =>
        (String(valueAt(object, path) ?? '') === value) === (operator !== '!=');
    });
  return (object) => terms.every((matches) => matches(object));
}

/** Both selectors of a list, watch or delete request. */
export function selectorOf(resource: string, query: URLSearchParams): Selector {
  const byLabel = labelSelector(query.get('labelSelector') ?? '');
  const byField = fieldSelector(resource, query.get('fieldSelector') ?? '');
  return (object) => byLabel(object) && byField(object);
}
