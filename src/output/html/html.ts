import { terminalSafeLines } from '../terminalSafe.ts';

/** What a template takes: text, which is escaped, and HTML that was made by a template. */
export type HtmlValue = string | number | Html | undefined | readonly HtmlValue[];

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
};

/**
 * A piece of HTML in which all data is escaped. Only the html`…` template makes one, so that text from
 * a packet or a cluster cannot become markup by mistake.
 */
export class Html {
  readonly text: string;

  /** For html`…`, and for constants of the program. */
  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

/**
 * HTML with values in it. Text is escaped for elements and for quoted attributes; characters that would
 * reorder or hide text are made visible. Lists are joined; undefined is nothing.
 */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  let text = parts[0] ?? '';
  for (const [index, value] of values.entries()) text += htmlOf(value) + (parts[index + 1] ?? '');
  return new Html(text);
}

/** Text as it stands in an element or a quoted attribute. */
function escapeHtml(text: string): string {
  return terminalSafeLines(text).replace(/[&<>"'`]/g, (character) => ESCAPES[character] ?? '');
}

function htmlOf(value: HtmlValue): string {
  if (value === undefined) return '';
  if (value instanceof Html) return value.text;
  if (typeof value === 'object') return value.map(htmlOf).join('');
  return escapeHtml(String(value));
}
