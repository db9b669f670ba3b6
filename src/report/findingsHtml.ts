import { type Html, html } from '../output/html/html.ts';
import { type Finding, type Incident, incidentsOf } from '../reading/findings/finding.ts';
import type { DirectionComparison, PointComparison } from '../reading/points/pointComparison.ts';
import type { Summary } from '../reading/summary.ts';
import { durationText, percentText, pluralise, timeText } from '../reading/timeText.ts';
import { clipped } from './texts.ts';

/** Names and payloads in a finding can be long. */
const MAX_TEXT = 1_500;
/** Clocks that differ by less than this count as equal. Nanoseconds. */
const SAME_CLOCK_NS = 1e5;
/** How many findings are written out; a capture can have thousands. */
const MAX_FINDINGS = 200;

/** The findings, the most severe first; notes follow in a list at the end. */
export function findingsHtml(findings: readonly Finding[]): Html {
  const incidents = incidentsOf(findings);
  const serious = incidents.filter(({ cause }) => cause.severity !== 'info');
  const notes = incidents.filter(({ cause }) => cause.severity === 'info');
  const hidden = serious.length - MAX_FINDINGS;
  return html`<section id="findings" aria-labelledby="findings-title">
<h2 id="findings-title">Findings</h2>
${serious.length === 0 ? html`<p><span class="badge good">No problems found</span></p>` : undefined}
<ol class="findings">${serious.slice(0, MAX_FINDINGS).map(incidentHtml)}</ol>
${hidden > 0 ? html`<p class="muted">${pluralise(hidden, 'more finding')} not in this report; the summary command prints all.</p>` : undefined}
${
  notes.length === 0
    ? undefined
    : html`<details class="notes"><summary>${pluralise(notes.length, 'note')}: not problems, but good to know</summary>
<ol class="findings">${notes.slice(0, MAX_FINDINGS).map(incidentHtml)}</ol></details>`
}
</section>
`;
}

function incidentHtml({ cause, index, consequences }: Incident): Html {
  const first = index + 2;
  return findingCard(
    cause,
    index + 1,
    consequences.length === 0
      ? undefined
      : html`<details class="notes"><summary>${pluralise(consequences.length, 'consequence')}</summary>
<ol class="findings">${consequences.slice(0, MAX_FINDINGS).map((finding, at) => findingCard(finding, first + at))}</ol></details>`,
  );
}

/** The most severe problem in one sentence, for readers in a hurry. */
export function verdictHtml(findings: readonly Finding[]): Html {
  const [worst, ...others] = incidentsOf(findings).filter(({ cause }) => cause.severity !== 'info');
  if (!worst) return html`<p class="verdict">No problems were found.</p>`;
  const { kind, what, who } = worst.cause;
  const rest = others.length === 0 ? '' : ` ${pluralise(others.length, 'other problem')} below.`;
  return html`<p class="verdict"><strong>${titleOf(kind)}</strong> (${clipped(who, 200)}): ${clipped(what, 400)}.${rest}</p>`;
}

function findingCard(finding: Finding, number: number, content?: Html): Html {
  const { severity, kind, what, who, count, packets, causes, caveat, filter, decodeAs } = finding;
  const where = finding.interface;
  const more = count > packets.length ? ' …' : '';
  const decode = decodeAs === undefined ? '' : ` (with -d ${decodeAs})`;
  const pair = (name: string, value: Html | string | undefined) =>
    value === undefined || value === '' ? undefined : html`<dt>${name}</dt><dd>${value}</dd>`;
  return html`<li class="card finding ${severity}" id="finding-${number}" data-finding="${number}">
<h3><span class="badge ${severity}">${severity}</span> ${number}. ${titleOf(kind)}</h3>
<p class="what">${clipped(what, MAX_TEXT)}</p>
<dl class="pairs">
${pair('Who', clipped(who, MAX_TEXT))}
${pair(kind === 'loss-between-points' ? 'Last seen at' : 'Captured at', where)}
${pair('When', packets.length > 0 ? whenText(finding) : '')}
${pair('But', caveat)}
${pair('Usual causes', causes.length > 1 ? html`<ul>${causes.map((cause) => html`<li>${cause}</li>`)}</ul>` : (causes[0] ?? ''))}
${pair('Packets', packets.length > 0 ? `${packets.join(', ')}${more}` : '')}
${pair('Display filter', filter === '' ? '' : html`<code>${clipped(filter, MAX_TEXT)}</code>${decode}`)}
</dl>
<p class="actions" hidden></p>
${content}
</li>
`;
}

function whenText({ when, until, count }: Finding): string {
  if (when === '') return '';
  const clock = (time: string) => time.slice(11, 23);
  const span = until === undefined ? clock(when) : `${clock(when)} to ${clock(until)}`;
  const length =
    until === undefined
      ? ''
      : `, over ${durationText((Date.parse(until) - Date.parse(when)) * 1e6)}`;
  return `${when.slice(0, 10)}, ${span} UTC${length}; ${pluralise(count, 'time')}`;
}

const ACRONYMS: ReadonlySet<string> = new Set(['dns', 'tls', 'http', 'mtu', 'nat', 'syn', 'arp']);

/** Titles for kinds whose name alone does not say enough. */
const TITLES: Readonly<Record<string, string>> = {
  'loss-between-points': 'Packets lost on the way',
  'syn-retried': 'Connections opened late',
};

/** Makes a title from a kind: dns-servfail becomes "DNS servfail". */
function titleOf(kind: string): string {
  const title = TITLES[kind];
  if (title !== undefined) return title;
  const words = kind.split('-').map((word) => (ACRONYMS.has(word) ? word.toUpperCase() : word));
  const text = words.join(' ');
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}

/** A table of the packets lost between capture points; undefined when no points were compared. */
export function pointsHtml({ comparisons, summarizer }: Summary): Html | undefined {
  const { baseSeconds } = summarizer;
  const compared = comparisons.filter(({ first, second }) => first !== second);
  if (compared.length === 0) return undefined;
  return html`<section id="points" aria-labelledby="points-title">
<h2 id="points-title">Packets lost between the points of capture</h2>
<p class="muted">Packets of connections that both points saw while both were recording.</p>
<div class="scroll" tabindex="0" role="region" aria-labelledby="points-title"><table>
<thead><tr><th scope="col">From</th><th scope="col">To</th><th scope="col" class="number">Packets</th><th scope="col" class="number">Lost on the way</th><th scope="col">First and last loss</th><th scope="col">Clocks</th></tr></thead>
<tbody>${compared.map((comparison) => [
    directionHtml(comparison, comparison.toSecond, baseSeconds, [
      comparison.first.label,
      comparison.second.label,
    ]),
    directionHtml(comparison, comparison.toFirst, baseSeconds, [
      comparison.second.label,
      comparison.first.label,
    ]),
  ])}</tbody>
</table></div>
</section>
`;
}

function directionHtml(
  { clock, first, second, isPartial }: PointComparison,
  { packets, lost, note }: DirectionComparison,
  baseSeconds: number,
  [from, to]: readonly [string, string],
): Html {
  const times = [note.firstTime, note.lastTime].sort((a, b) => a - b);
  const when = times.map((time) => timeText(baseSeconds, time).slice(11, 23)).join(' to ');
  const share = lost > 0 ? ` (${percentText(lost, packets)})` : '';
  return html`<tr><td>${from}</td><td>${to}</td><td class="number">${packets}${isPartial ? ' (the first)' : ''}</td><td class="number${lost > 0 ? ' error' : ''}">${lost}${share}</td><td>${lost > 0 ? when : ''}</td><td>${clocksText(clock, first.label, second.label)}</td></tr>`;
}

function clocksText(clock: PointComparison['clock'], first: string, second: string): string {
  if (!clock) return 'not comparable';
  const { offset, uncertainty } = clock;
  if (Math.abs(offset) < SAME_CLOCK_NS) return 'agree';
  const side = offset < 0 ? 'behind' : 'ahead of';
  return `${second} is ${durationText(Math.abs(offset))} ${side} ${first} (± ${durationText(uncertainty)})`;
}
