import { createHash } from 'node:crypto';
import { Html, html } from './html.ts';
import common from './style.css';

/** A self-contained HTML document. */
export interface Page {
  readonly title: string;
  /** The contents of <body>. */
  readonly body: Html;
  /** Additional CSS, a constant of the build. */
  readonly style?: string;
  /** The script of the page; a constant of the build, never data. */
  readonly script?: string;
  /** Data for the script, by element ID: in base64, so that it cannot contain markup. */
  readonly data?: Readonly<Record<string, Buffer>>;
}

/**
 * Renders the document in pieces. Its Content-Security-Policy allows only the stylesheet and the script, by their
 * hashes: no other scripts, no requests, no forms. The script cannot convert text to HTML.
 */
export function* renderPage({
  title,
  body,
  style: pageStyle,
  script,
  data,
}: Page): Generator<string> {
  const style = pageStyle === undefined ? common : `${common}\n${pageStyle}`;
  const policy = [
    "default-src 'none'",
    `style-src '${cspHash(style)}'`,
    ...(script === undefined ? [] : [`script-src '${cspHash(script)}'`]),
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

function cspHash(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
