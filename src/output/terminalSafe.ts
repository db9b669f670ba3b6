/**
 * Names that come from a cluster can carry escape sequences that recolour, retitle or rewrite
 * what the user sees, and format characters that reorder or hide it. Everything of theirs that is
 * shown as text goes through here.
 */

const ORDINARY = /^[\x20-\x7e]*$/;
/** Control, format (bidi, zero width, tags), line and paragraph separators, lone surrogates. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
const UNSAFE_BUT_LAYOUT = /(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
/** JSON.stringify has escaped C0 and lone surrogates; a raw line feed can only be our own. */
const UNSAFE_IN_JSON = /[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}]/gu;

/** The text on one line, every character that could act on the terminal made visible: `\x1b`, `\u202e`. */
export function terminalSafe(text: string): string {
  return ORDINARY.test(text) ? text : text.replace(UNSAFE, visibly);
}

/** The same for text of several lines: line feeds and tabs stay. */
export function terminalSafeLines(text: string): string {
  return text.replace(UNSAFE_BUT_LAYOUT, visibly);
}

/** JSON with the same meaning, in which what JSON allows raw but a terminal would obey is escaped. */
export function terminalSafeJson(json: string): string {
  return ORDINARY.test(json) ? json : json.replace(UNSAFE_IN_JSON, asJsonEscape);
}

function visibly(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x100) {
    return `\\x${hex(code, 2)}`;
  }
  return code < 0x10000 ? `\\u${hex(code, 4)}` : `\\u{${hex(code, 5)}}`;
}

function asJsonEscape(character: string): string {
  return character
    .split('')
    .map((unit) => `\\u${hex(unit.charCodeAt(0), 4)}`)
    .join('');
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}
