import { createHash } from 'node:crypto';
import { Html, html } from './html.ts';
import common from './style.css';

/** A document that needs nothing but itself. */
export interface Page {
  readonly title: string;
  /** What is inside of <body>. */
  readonly body: Html;
  /** More rules for the stylesheet; a constant of the build. */
  readonly style?: string;
  /** The page's program; a constant of the build, never data. */
  readonly script?: string;
  /** What the program reads, by the id of its element: base64, so that nothing in it is markup. */
  readonly data?: Readonly<Record<string, Buffer>>;
}

/**
 * The document in pieces. Its Content-Security-Policy allows the stylesheet and the script by their
 * hashes and nothing else: no other script, no request, no form. Scripts cannot turn text into HTML.
 */
export function* renderPage({ title, body, style: own, script, data }: Page): Generator<string> {
  const style = own === undefined ? common : `${common}\n${own}`;
  const policy = [
    "default-src 'none'",
    `style-src '${hashOf(style)}'`,
    ...(script === undefined ? [] : [`script-src '${hashOf(script)}'`]),
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');
  yield html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Html(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${new Html(style)}</style>
</head>
<body>
${body}
`.text;
  for (const [id, bytes] of Object.entries(data ?? {}))
    yield `${html`<script type="application/octet-stream" id="${id}">`}${bytes.toString('base64')}</script>\n`;
  if (script !== undefined) yield `<script>${script}</script>\n`;
  yield '</body>\n</html>\n';
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
