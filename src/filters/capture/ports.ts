import type { Condition } from '../condition.ts';
import { CaptureSyntaxError, parseCaptureFilter } from './parse.ts';

/** Filters of interest name fewer ports. */
const MAX_PORTS = 16;

/**
 * The TCP ports that an expression of pcap-filter(7) selects by number, in their order, without excluded ports and
 * ranges. Empty if the expression cannot be parsed without libpcap.
 */
export function tcpPortsInFilter(expression: string | undefined): number[] {
  if (expression === undefined) return [];
  try {
    return [...new Set(collectPorts(parseCaptureFilter(expression)))].slice(0, MAX_PORTS);
  } catch (error) {
    if (error instanceof CaptureSyntaxError) return [];
    throw error;
  }
}

function collectPorts(condition: Condition): number[] {
  if (condition.kind === 'all' || condition.kind === 'any')
    return condition.of.flatMap(collectPorts);
  if (condition.kind !== 'port') return [];
  const { protocol = 'tcp', first, last } = condition;
  return protocol === 'tcp' && first === last ? [first] : [];
}
