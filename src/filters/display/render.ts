import type { Condition, DirectionQualifier } from '../condition.ts';
import { quotedText } from './condition.ts';

/** Names that differ between the languages. A condition has the name from capture filters. */
const PROTOCOLS: Readonly<Record<string, string>> = { https: 'tls' };

const ADDRESS_FIELDS: Readonly<Record<DirectionQualifier, string>> = {
  either: 'addr',
  source: 'src',
  destination: 'dst',
};
const PORT_FIELDS: Readonly<Record<DirectionQualifier, string>> = {
  either: 'port',
  source: 'srcport',
  destination: 'dstport',
};

/** The reasons why a condition has no display filter. */
export interface NotExpressible {
  readonly reasons: readonly string[];
}

/**
 * Renders a condition as a display filter that means the same in all versions of Wireshark. A negated comparison is
 * written with "not" around it, because the meaning of `!=` changed in Wireshark 3.6.
 */
export function renderDisplayFilter(condition: Condition): string | NotExpressible {
  const reasons: string[] = [];
  const text = renderText(condition, reasons);
  return reasons.length > 0 ? { reasons } : text;
}

function renderText(condition: Condition, reasons: string[]): string {
  switch (condition.kind) {
    case 'all':
    case 'any': {
      const conjunction = condition.kind === 'all' ? ' && ' : ' || ';
      return condition.of.map((operand) => renderOperand(operand, reasons)).join(conjunction);
    }
    case 'not':
      return `!(${renderText(condition.of, reasons)})`;
    case 'protocol':
      return PROTOCOLS[condition.name] ?? condition.name;
    case 'address': {
      const { direction, address, family, prefix } = condition;
      const protocol = { 4: 'ip', 6: 'ipv6', mac: 'eth' }[family];
      const network = prefix === undefined ? address : `${address}/${prefix}`;
      return `${protocol}.${ADDRESS_FIELDS[direction]} == ${network}`;
    }
    case 'port':
      return portText(condition);
    case 'flag':
      return `tcp.flags.${condition.name} == ${condition.set ? 1 : 0}`;
    case 'length':
      return `${condition.of === 'frame' ? 'frame' : 'tcp'}.len ${condition.operator} ${condition.bytes}`;
    case 'time':
      return `frame.time_epoch ${condition.operator} ${condition.seconds}`;
    case 'payload':
      return `frame contains ${quotedText(condition.text)}`;
    default:
      if (condition.language === 'capture')
        reasons.push(`"${condition.text}" is not translated to a display filter`);
      return condition.text;
  }
}

function renderOperand(condition: Condition, reasons: string[]): string {
  const text = renderText(condition, reasons);
  const needsParentheses =
    condition.kind === 'all' ||
    condition.kind === 'any' ||
    (condition.kind === 'port' && condition.protocol === undefined);
  return needsParentheses ? `(${text})` : text;
}

function portText(port: Extract<Condition, { kind: 'port' }>): string {
  const { protocol, direction, first, last } = port;
  const protocols = protocol === undefined ? ['tcp', 'udp'] : [protocol];
  const tests = protocols.map((name) => {
    const field = `${name}.${PORT_FIELDS[direction]}`;
    return first === last ? `${field} == ${first}` : `${field} in {${first}..${last}}`;
  });
  return tests.join(' || ');
}
