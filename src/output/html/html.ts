import { terminalSafeLines } from '../terminalSafe.ts';

/** A value in a template: text, which is escaped, or HTML from a template. */
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
 * HTML in which all data is escaped. Only the html`…` template creates it, so that text from a packet or a cluster
 * cannot become markup by mistake.
 */
export class Html {
  readonly text: string;

  /** For use by html`…`, and for constants of the program. */
  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

/**
 * Creates HTML with values in it. Text is escaped for elements and quoted attributes, and characters that would reorder
 * or hide text are made visible. Lists are joined; undefined is omitted.
 */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  let text = parts[0] ?? '';
  for (const [index, value] of values.entries())
    text += renderValue(value) + (parts[index + 1] ?? '');
  return new Html(text);
}

/** Escapes text for an element or a quoted attribute. */
function escapeHtml(text: string): string {
  return terminalSafeLines(text).replace(/[&<>"'`]/g, (character) => ESCAPES[character] ?? '');
}

function renderValue(value: HtmlValue): string {
  if (value === undefined) return '';
  if (value instanceof Html) return value.text;
  if (typeof value === 'object') return value.map(renderValue).join('');
  return escapeHtml(String(value));
}
