/** The longest text in a table. Names in packets can be a megabyte long. */
const MAX_TEXT = 300;

/** The text; a longer one is cut, and its length is added. */
export function clipped(text: string, most = MAX_TEXT): string {
  if (text.length <= most) return text;
  return `${text.slice(0, most)}… (${text.length.toLocaleString('en')} characters)`;
}

/** Numbers texts: equal texts have the same number. */
export class Texts {
  readonly all: string[] = [];
  readonly #numbers = new Map<string, number>();

  number(text: string): number {
    const clippedText = clipped(text);
    const existing = this.#numbers.get(clippedText);
    if (existing !== undefined) return existing;
    const number = this.all.push(clippedText) - 1;
    this.#numbers.set(clippedText, number);
    return number;
  }
}
