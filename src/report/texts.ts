/** The longest text of a table: names in packets can have a megabyte. */
const MAX_TEXT = 300;

/** The text, or its beginning and how long it was. */
export function clipped(text: string, most = MAX_TEXT): string {
  if (text.length <= most) return text;
  return `${text.slice(0, most)}… (${text.length.toLocaleString('en')} characters)`;
}

/** Texts with a number each; equal ones have the same. */
export class Texts {
  readonly all: string[] = [];
  readonly #numbers = new Map<string, number>();

  number(text: string): number {
    const short = clipped(text);
    const known = this.#numbers.get(short);
    if (known !== undefined) return known;
    const number = this.all.push(short) - 1;
    this.#numbers.set(short, number);
    return number;
  }
}
