import { renderDocument } from '../output/renderDocument.ts';
import { renderSummary } from '../reading/renderSummary.ts';
import type { Summary } from '../reading/summary.ts';
import { summaryFacts } from '../reading/summaryJson.ts';

/** A summary for people, or as a document. `captures` are the summarized captures, as the user named them. */
export function summaryText(
  summary: Summary,
  format: 'json' | 'yaml' | undefined,
  captures: readonly string[],
): Iterable<string> {
  if (format === undefined) return renderSummary(summary, captures);
  return [renderDocument(summaryFacts(summary), format)];
}
