import { type Html, html } from '../output/html/html.ts';
import { bytesText } from '../output/quantities.ts';
import { linkTypeName } from '../packets/link.ts';
import type { CaptureInterface } from '../reading/captureInterface.ts';
import type { CaptureSource, Summary } from '../reading/summary.ts';
import { pluralise } from '../reading/timeText.ts';
import type { ManifestFacts } from './manifests.ts';
import { clipped } from './texts.ts';

/** How many files and interfaces are listed. */
const MAX_LISTED = 200;

/** Describes how the packets were captured: manifests, files and interfaces. */
export function captureHtml(
  { summarizer: { interfaces }, broken }: Summary,
  sources: readonly CaptureSource[],
  manifests: readonly ManifestFacts[],
): Html {
  return html`<section id="capture" aria-labelledby="capture-title">
<h2 id="capture-title">How it was captured</h2>
${manifests.map(manifestHtml)}
<h3>Files read</h3>
${filesHtml(sources)}
${broken.map(({ path, damage, packets }) => html`<p class="error-text">${path}: ${damage ?? 'ends inside a packet'}, after ${pluralise(packets, 'packet')}</p>`)}
<h3>Interfaces</h3>
${interfacesHtml(interfaces)}
</section>
`;
}

function manifestHtml({ folder, facts, losses, files }: ManifestFacts): Html {
  return html`<article class="manifest">
<h3>Manifest of ${clipped(folder)}</h3>
<dl class="pairs">${facts.map(([name, value]) => html`<dt>${name}</dt><dd class="mono">${clipped(value, 1_000)}</dd>`)}</dl>
<p>${losses.length === 0 ? html`<span class="badge good">Nothing was lost while recording</span>` : html`<span class="badge warning">Incomplete</span>`}</p>
${losses.length === 0 ? undefined : html`<ul>${losses.slice(0, MAX_LISTED).map((loss) => html`<li>${clipped(loss)}</li>`)}</ul>`}
<details><summary>${pluralise(files.length, 'file')} with checksums</summary>
<div class="scroll"><table><thead><tr><th>File</th><th>State</th><th class="number">Size</th><th class="number">Packets</th><th>First packet</th><th>Last packet</th><th>SHA-256</th></tr></thead>
<tbody>${files
    .slice(0, MAX_LISTED)
    .map(
      (file) =>
        html`<tr><td>${clipped(file.name)}</td><td>${clipped(file.state)}</td><td class="number">${bytesText(file.size)}</td><td class="number">${file.packets}</td><td>${clipped(file.first)}</td><td>${clipped(file.last)}</td><td class="mono">${clipped(file.sha256)}</td></tr>`,
    )}</tbody></table></div>${omittedHtml(files.length, 'file')}</details>
</article>
`;
}

function filesHtml(sources: readonly CaptureSource[]): Html {
  const names = sources.flatMap(({ label, paths, stream }) => (stream ? [label] : paths));
  return html`<ul class="mono">${names.slice(0, MAX_LISTED).map((name) => html`<li>${clipped(name)}</li>`)}</ul>${omittedHtml(names.length, 'file')}`;
}

function interfacesHtml(interfaces: readonly CaptureInterface[]): Html {
  return html`<div class="scroll"><table>
<thead><tr><th>Interface</th><th>Link type</th><th class="number">Packets</th><th class="number">Bytes</th><th class="number">Not captured</th><th class="number">Cut short</th><th class="number">Copies</th><th>Filter</th><th>Recorded on</th></tr></thead>
<tbody>${interfaces.slice(0, MAX_LISTED).map(interfaceRow)}</tbody></table></div>
${omittedHtml(interfaces.length, 'interface')}`;
}

function interfaceRow(on: CaptureInterface): Html {
  const { description, filter, os, comments } = on.described;
  const about = [description, os, ...comments].filter((text) => text !== undefined && text !== '');
  const dropped = on.dropped === undefined ? 'unknown' : String(on.dropped);
  return html`<tr><td>${clipped(on.label)}</td><td>${linkTypeName(on.linkType)}</td><td class="number">${on.packets}</td><td class="number">${bytesText(on.bytes)}</td><td class="number${(on.dropped ?? 0) > 0 ? ' warning' : ''}">${dropped}</td><td class="number">${on.truncated}</td><td class="number">${on.copies}</td><td class="mono">${clipped(filter ?? 'none known')}</td><td>${about.map((text) => html`<div>${clipped(text ?? '')}</div>`)}</td></tr>`;
}

function omittedHtml(count: number, noun: string): Html | undefined {
  return count > MAX_LISTED
    ? html`<p class="muted">${pluralise(count - MAX_LISTED, `more ${noun}`)} not listed.</p>`
    : undefined;
}
