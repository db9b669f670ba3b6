/** A section of a script's output: everything up to the next line with the token. */
export interface Section {
  readonly name: string;
  /** The words after the name. */
  readonly words: readonly string[];
  readonly body: Buffer;
}

/**
 * Splits a script's output at its lines `@TOKEN NAME WORD…`. The newline before such a line is not part of the
 * section. Text before the first section is dropped.
 */
export function parseSections(output: Buffer, token: string): Section[] {
  const separator = Buffer.from(`\n@${token} `);
  const sections: Section[] = [];
  let start = output.indexOf(separator);
  while (start >= 0) {
    const next = output.indexOf(separator, start + separator.length);
    const section = output.subarray(start + separator.length, next < 0 ? output.length : next);
    const newline = section.indexOf(0x0a);
    const head = section.subarray(0, newline < 0 ? section.length : newline).toString();
    const [name = '', ...words] = head.split(' ');
    sections.push({
      name,
      words,
      body: newline < 0 ? Buffer.alloc(0) : section.subarray(newline + 1),
    });
    start = next;
  }
  return sections;
}

/** The body of the first section with this name. */
export function sectionText(sections: readonly Section[], name: string): string | undefined {
  return sections.find((section) => section.name === name)?.body.toString();
}

export function nonEmptyLines(text: string | undefined): string[] {
  return (text ?? '').split('\n').filter((line) => line !== '');
}
