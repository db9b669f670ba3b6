import { deflateRawSync } from 'node:zlib';
import { type Html, html } from '../output/html/html.ts';
import { renderPage } from '../output/html/page.ts';
import { bytesText } from '../output/quantities.ts';
import type { CaptureSource, Summary } from '../reading/summary.ts';
import { durationText, pluralise, timeText } from '../reading/timeText.ts';
import { versionText } from '../version.ts';
import { captureHtml } from './captureHtml.ts';
import type { ReportCollector } from './collect/reportCollector.ts';
import { findingsHtml, pointsHtml, verdictHtml } from './findingsHtml.ts';
import type { ManifestFacts } from './manifests.ts';
import { packetColumns } from './packetColumns.ts';
import script from './page/main.ts?script';
import { orderedRows, reportData } from './reportData.ts';
import { clipped } from './texts.ts';

/** The most capture names in the title. */
const MAX_NAMES = 4;

export interface ReportParts {
  readonly summary: Summary;
  readonly collector: ReportCollector;
  readonly sources: readonly CaptureSource[];
  readonly manifests: readonly ManifestFacts[];
  /** The time the report is made. */
  readonly now: Date;
}

/**
 * The report as one HTML document, in pieces. The findings and how the packets were captured are plain HTML; a
 * script shows the rest from compressed data.
 */
export function renderReport(parts: ReportParts): Iterable<string> {
  const { summary, collector, sources, manifests } = parts;
  collector.finish();
  const rows = orderedRows(collector);
  const data = reportData(summary, collector, rows);
  const body = html`${barHtml(summary)}
<main>
${headHtml(parts)}
${findingsHtml(summary.findings)}
${pointsHtml(summary)}
<noscript><section><p>This page needs JavaScript for its timeline, tables and diagrams. The scripts are part of this file and send nothing.</p></section></noscript>
<div id="app"></div>
${captureHtml(summary, sources, manifests)}
<footer class="muted"><p>Made by ${versionText()} on ${parts.now.toISOString().slice(0, 16).replace('T', ' ')} UTC. Captured packets are private, and so is this file.</p></footer>
</main>`;
  return renderPage({
    title: `Capture report: ${namesOf(sources)}`,
    body,
    script,
    data: { 'report-data': embedData(data), 'report-packets': embedData(packetColumns(rows)) },
  });
}

/** JSON, compressed. Base64 keeps it from being parsed as markup. */
function embedData(value: object): Buffer {
  return deflateRawSync(JSON.stringify(value), { level: 6 });
}

function barHtml({ comparisons }: Summary): Html {
  const hasPoints = comparisons.some(({ first, second }) => first !== second);
  return html`<header class="bar"><nav class="top" aria-label="Sections">
<strong>kubectl netdebug</strong>
<a href="#findings">Findings</a>
${hasPoints ? html`<a href="#points">Loss</a>` : undefined}
<a href="#timeline">Timeline</a>
<a href="#conversations">Conversations</a>
<a href="#capture">Capture</a>
</nav></header>`;
}

function headHtml({ summary, sources, collector }: ReportParts): Html {
  const { summarizer, findings } = summary;
  const { baseSeconds, start, end, packets, bytes, interfaces } = summarizer;
  const hasTime = end >= start;
  const dropped = interfaces.reduce((sum, on) => sum + (on.dropped ?? 0), 0);
  const isDropKnown = interfaces.some((on) => on.dropped !== undefined);
  const of = (severity: string) =>
    findings.filter((finding) => finding.severity === severity && finding.causedBy === undefined);
  const [errors, warnings] = [of('error').length, of('warning').length];
  const fact = (name: string, value: string) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`;
  return html`<h1>${namesOf(sources)}</h1>
<p>
${errors > 0 ? html`<span class="badge error">${pluralise(errors, 'error')}</span>` : undefined}
${warnings > 0 ? html`<span class="badge warning">${pluralise(warnings, 'warning')}</span>` : undefined}
${errors + warnings === 0 ? html`<span class="badge good">No problems found</span>` : undefined}
<span class="muted">All times are UTC.</span>
</p>
${verdictHtml(findings)}
<dl class="facts">
${hasTime ? fact('Started', timeText(baseSeconds, start).slice(0, 19).replace('T', ' ')) : undefined}
${hasTime ? fact('Duration', durationText(end - start)) : undefined}
${fact('Packets', packets.toLocaleString('en'))}
${fact('Traffic', bytesText(bytes))}
${fact('Conversations', collector.total.toLocaleString('en'))}
${fact(interfaces.length === 1 ? 'Interface' : 'Interfaces', interfaces.length === 1 ? clipped(interfaces[0]?.label ?? '', 60) : String(interfaces.length))}
${fact('Dropped by the capture', isDropKnown ? pluralise(dropped, 'packet') : 'not recorded')}
</dl>
`;
}

function namesOf(sources: readonly CaptureSource[]): string {
  const names = sources.slice(0, MAX_NAMES).map(({ label }) => clipped(label, 100));
  const more = sources.length - names.length;
  return `${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
