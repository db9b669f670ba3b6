import { terminalSafe } from '../../output/terminalSafe.ts';
import type { Device, Graph } from './graph.ts';
import type { Picture } from './picture.ts';

/**
 * Renders the topology and the kinds of findings as a Mermaid flowchart, which GitHub and GitLab draw in Markdown.
 * https://mermaid.js.org/syntax/flowchart.html
 */
export function* renderMermaid({ graphs, title }: Picture): Generator<string> {
  yield `%% ${quoted(title)}\n`;
  yield 'flowchart LR\n';
  for (const [at, graph] of graphs.entries()) yield* chart(graph, `g${at}`);
  yield '  classDef error stroke:#c22f2f,stroke-width:3px\n';
  yield '  classDef warning stroke:#9a5b00,stroke-width:3px\n';
}

function* chart({ columns, lines, title }: Graph, prefix: string): Generator<string> {
  for (const [at, { title: name, groups }] of columns.entries()) {
    yield `  subgraph ${prefix}c${at}["${quoted(name === '' ? title || ' ' : name)}"]\n`;
    for (const [index, group] of groups.entries()) {
      yield `    subgraph ${prefix}c${at}s${index}["${quoted(group.title === '' ? ' ' : group.title)}"]\n`;
      for (const device of group.devices)
        yield `      ${prefix}${device.id}["${label(device)}"]${style(device)}\n`;
      yield '    end\n';
    }
    yield '  end\n';
  }
  for (const { from, to, isPath: isWay } of lines)
    yield `  ${prefix}${from} ${isWay ? '-->' : '---'} ${prefix}${to}\n`;
}

function label({ name, kind, details, marks }: Device): string {
  const lines = [name, kind, ...details, ...marks.map(({ text }) => text)];
  return lines
    .filter((line) => line !== '')
    .map(quoted)
    .join('<br>');
}

function style({ marks }: Device): string {
  const worst = (['error', 'warning'] as const).find((severity) =>
    marks.some((mark) => mark.severity === severity),
  );
  return worst === undefined ? '' : `:::${worst}`;
}

/** Writes all special characters as Mermaid entities, so that no name is read as markup or Markdown. */
function quoted(text: string): string {
  return [...terminalSafe(text)]
    .map((character) =>
      /[A-Za-z0-9 .,:/()=→-]/.test(character) ? character : `#${character.codePointAt(0)};`,
    )
    .join('');
}
