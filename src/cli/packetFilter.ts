import type { PacketFilter } from '../capture/fetch/podFilter.ts';
import { checkCaptureFilter, checkDisplayFilter } from '../filters/check.ts';
import { wrongUsage } from '../problem.ts';
import { notify } from './console.ts';

/**
 * The filter for recorded packets: -Y, or the words after --. Throws a usage error for both together, and for an
 * invalid filter.
 */
export function parsePacketFilter(
  displayFilter: string | undefined,
  expressionArgs: readonly string[] = [],
): PacketFilter | undefined {
  const [display, expression] = [displayFilter?.trim() ?? '', expressionArgs.join(' ').trim()];
  if (display !== '' && expression !== '')
    throw wrongUsage('-Y and an expression cannot be combined');
  if (display !== '') {
    for (const hint of checkDisplayFilter(display).notes)
      notify({ kind: 'hint', text: `note: ${hint}` });
    return { language: 'display', text: display };
  }
  if (expression === '') return undefined;
  checkCaptureFilter(expression);
  return { language: 'capture', text: expression };
}
