import { numberText, spanText } from './format.ts';

/** Packets in one diagram. */
export const MOST_ROWS = 600;
/** The shortest silence that is shown. Microseconds. */
const SILENCE = 150_000;

/** What lies between two packets of a diagram: packets that were left out, and a silence. */
export function describeGap(skipped: number, silence: number): string {
  const parts: string[] = [];
  if (skipped > 0)
    parts.push(`${numberText(skipped)} ${skipped === 1 ? 'packet' : 'packets'} not shown`);
  if (silence >= SILENCE) parts.push(`${spanText(Math.round(silence))} later`);
  return parts.length > 0 ? `⋮ ${parts.join(', ')} ⋮` : '';
}
