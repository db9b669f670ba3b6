import { isObject } from '../../jsonObject.ts';
import { type Json, textOf } from './json.ts';

/** Writes a rule in nft's notation from its JSON, as evidence. */
export function nftRuleText(rule: { readonly [key: string]: Json | undefined }): string {
  const head = ['rule', rule.family, rule.table, rule.chain].map(textOf).join(' ');
  const body = Array.isArray(rule.expr) ? rule.expr.map(statementText) : [];
  const comment = typeof rule.comment === 'string' ? [`comment "${rule.comment}"`] : [];
  return [head, ...body, ...comment].filter(Boolean).join(' ');
}

function statementText(statement: Json): string {
  if (!isObject(statement)) return textOf(statement);
  const [kind = '', value] = Object.entries(statement)[0] ?? [];
  if (!isObject(value)) return value === null ? kind : `${kind} ${valueText(value)}`;
  switch (kind) {
    case 'match':
      return [valueText(value.left), ...operatorText(value.op), valueText(value.right)].join(' ');
    case 'counter':
      return 'counter';
    case 'jump':
    case 'goto':
      return `${kind} ${textOf(value.target)}`;
    case 'mangle':
      return `${valueText(value.key)} set ${valueText(value.value)}`;
    case 'dnat':
    case 'snat':
    case 'redirect': {
      const port = value.port === undefined ? '' : `:${valueText(value.port)}`;
      return `${kind} to ${valueText(value.addr)}${port}`;
    }
    case 'vmap':
      return `${valueText(value.key)} vmap ${valueText(value.data)}`;
    case 'xt':
      return `xt ${textOf(value.type)} "${textOf(value.name)}"`;
    case 'reject':
      return value.expr === undefined ? 'reject' : `reject with ${valueText(value.expr)}`;
    default:
      return `${kind} ${JSON.stringify(value)}`;
  }
}

function operatorText(operator: Json | undefined): string[] {
  return operator === '==' || operator === 'in' || operator === undefined ? [] : [textOf(operator)];
}

function valueText(value: Json | undefined): string {
  if (value === null || value === undefined) return '';
  if (Array.isArray(value)) return value.map(valueText).join(',');
  if (!isObject(value)) return typeof value === 'boolean' ? `${value}` : textOf(value);
  const [kind = '', inner] = Object.entries(value)[0] ?? [];
  if (Array.isArray(inner)) {
    if (kind === 'concat') return inner.map(valueText).join(' . ');
    if (kind === 'range') return inner.map(valueText).join('-');
    if (kind === 'set') return `{ ${inner.map(elementText).join(', ')} }`;
    return inner.map(valueText).join(` ${kind} `);
  }
  if (!isObject(inner)) return `${kind} ${textOf(inner)}`.trim();
  switch (kind) {
    case 'payload':
      return `${textOf(inner.protocol)} ${textOf(inner.field)}`;
    case 'meta':
    case 'ct':
      return `${kind} ${textOf(inner.key)}`;
    case 'prefix':
      return `${valueText(inner.addr)}/${textOf(inner.len)}`;
    case 'numgen':
      return `numgen ${textOf(inner.mode)} mod ${textOf(inner.mod)}`;
    case 'fib':
      return `fib ${valueText(inner.flags)} ${textOf(inner.result)}`;
    case 'map':
      return `${valueText(inner.key)} map ${valueText(inner.data)}`;
    case 'elem':
      return valueText(inner.val);
    case 'jump':
    case 'goto':
      return `${kind} ${textOf(inner.target)}`;
    default:
      return `${kind} ${JSON.stringify(inner)}`;
  }
}

/** Writes an element of a set, or a pair of a map. */
function elementText(element: Json): string {
  return Array.isArray(element) && element.length === 2
    ? `${valueText(element[0])} : ${valueText(element[1])}`
    : valueText(element);
}
