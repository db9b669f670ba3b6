/**
 * Names from a cluster may contain escape sequences that recolour, retitle or rewrite the terminal, and format
 * characters that reorder or hide text. All such text must pass through here before it is shown.
 */

const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;
/** Control, format (bidi, zero width, tags), line and paragraph separators, lone surrogates. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
const UNSAFE_EXCEPT_LAYOUT = /(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
/** JSON.stringify has escaped C0 and lone surrogates. A raw line feed can only come from its indentation. */
const UNSAFE_IN_JSON = /[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}]/gu;

/** The text on one line, with all characters that could affect the terminal made visible: `\x1b`, `\u202e`. */
export function terminalSafe(text: string): string {
  return PRINTABLE_ASCII.test(text) ? text : text.replace(UNSAFE, escapeVisibly);
}

/** The same for multi-line text: keeps line feeds and tabs. */
export function terminalSafeLines(text: string): string {
  return text.replace(UNSAFE_EXCEPT_LAYOUT, escapeVisibly);
}

/** Escapes characters that are valid in JSON but could affect the terminal. The meaning of the JSON does not change. */
export function terminalSafeJson(json: string): string {
  return PRINTABLE_ASCII.test(json) ? json : json.replace(UNSAFE_IN_JSON, escapeJson);
}

function escapeVisibly(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x100) {
    return `\\x${hex(code, 2)}`;
  }
  return code < 0x10000 ? `\\u${hex(code, 4)}` : `\\u{${hex(code, 5)}}`;
}

function escapeJson(character: string): string {
  return character
    .split('')
    .map((unit) => `\\u${hex(unit.charCodeAt(0), 4)}`)
    .join('');
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}
