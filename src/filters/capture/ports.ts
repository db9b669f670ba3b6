import type { Condition } from '../condition.ts';
import { CaptureSyntaxError, conditionOfCapture } from './parse.ts';

/** More than a filter of interest names. */
const MOST_PORTS = 16;

/**
 * The TCP ports that an expression of pcap-filter(7) asks for by number, in their order; not those that it excludes, nor
 * ranges. None where it cannot be read without libpcap.
 */
export function portsIn(expression: string | undefined): number[] {
  if (expression === undefined) return [];
  try {
    return [...new Set(wanted(conditionOfCapture(expression)))].slice(0, MOST_PORTS);
  } catch (error) {
    if (error instanceof CaptureSyntaxError) return [];
    throw error;
  }
}

function wanted(condition: Condition): number[] {
  if (condition.kind === 'all' || condition.kind === 'any') return condition.of.flatMap(wanted);
  if (condition.kind !== 'port') return [];
  const { protocol = 'tcp', first, last } = condition;
  return protocol === 'tcp' && first === last ? [first] : [];
}
