import { html } from '../../output/html/html.ts';
import { renderPage } from '../../output/html/page.ts';
import style from './picture.css';
import { type Picture, placeText } from './picture.ts';
import { graphSvg } from './renderSvg.ts';

/** Renders a self-contained page: the topology, and the findings as text to copy. */
export function renderPicturePage(picture: Picture): Generator<string> {
  const { title, graphs, notes, findings, nothing, unknown, collectedAt } = picture;
  const topology = graphs.map(
    (graph) =>
      html`${graph.title === '' || graph.title === title ? html`` : html`<h3>${graph.title}</h3>`}<div class="scroll nd-scroll">${graphSvg(graph)}</div>`,
  );
  const list = findings.map(
    ({ kind, severity, where, evidence, meaning, fix, causedBy }) =>
      html`<li class="card finding ${severity}"><h3><span class="badge ${severity}">${severity}</span> ${kind} <span class="muted">${placeText(where)}${causedBy === undefined ? '' : ` (follows from ${causedBy})`}</span></h3><p class="what">${meaning}</p><dl class="pairs"><dt>Evidence</dt><dd class="mono">${evidence}</dd><dt>Fix</dt><dd>${fix.split('\n').map((line) => (line.startsWith(' ') ? html`<div class="mono">${line.trim()}</div>` : html`<div>${line}</div>`))}</dd></dl></li>`,
  );
  const body = html`<main>
<h1>${title}</h1>
<p class="muted">kubectl netdebug path, ${collectedAt}</p>
<section><h2>Path</h2>${topology}${notes.map((note) => html`<p>${note}</p>`)}</section>
<section><h2>Findings</h2>${nothing === undefined ? html`<ul class="findings">${list}</ul>` : html`<p>${nothing}</p>`}</section>
${unknown.length === 0 ? html`` : html`<section><h2>Unknown</h2>${unknown.map((line) => html`<p>${line}</p>`)}</section>`}
</main>`;
  return renderPage({ title, body, style });
}
