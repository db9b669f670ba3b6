import { renderDocument } from '../output/renderDocument.ts';
import { renderSummary } from '../reading/renderSummary.ts';
import type { Summary } from '../reading/summary.ts';
import { summaryFacts } from '../reading/summaryJson.ts';

/** A summary for people, or as a document. `captures`: what was summarized, as the user named it. */
export function summaryText(
  summary: Summary,
  format: 'json' | 'yaml' | undefined,
  captures: readonly string[],
): Iterable<string> {
  if (format === undefined) return renderSummary(summary, captures);
  return [renderDocument(summaryFacts(summary), format)];
}
