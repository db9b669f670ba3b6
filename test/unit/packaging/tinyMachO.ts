/** A symbol of the small file: its name and the number of its group. */
interface TinySymbol {
  readonly name: string;
  readonly group: 'own' | 'exported' | 'needed';
}

export const SYMBOLS: readonly TinySymbol[] = [
  { name: '_secret', group: 'own' },
  { name: '_helper', group: 'own' },
  { name: '_exported', group: 'exported' },
  { name: '_pointed_at', group: 'exported' },
  { name: '_malloc', group: 'needed' },
  { name: '_free', group: 'needed' },
];
/** The targets of the code's pointers: two symbols, and one without a symbol (local, absolute). */
export const INDIRECT = [4, 3, 0x80000000];

const HEADER = 32;
const SEGMENT = 72;
const SECTION = 80;
const TEXT_BYTES = 0x1000;

/** A 64-bit Mach-O file in the layout of linkers: code, and its symbols in __LINKEDIT; not signed. */
export function tinyMachO(): Buffer {
  const names = `\0${SYMBOLS.map(({ name }) => `${name}\0`).join('')}`;
  const symbolsAt = TEXT_BYTES;
  const indirectAt = symbolsAt + SYMBOLS.length * 16;
  const namesAt = indirectAt + INDIRECT.length * 4;
  const end = namesAt + names.length;
  const file = Buffer.alloc(end);
  const commands = [
    segment('__TEXT', 0, TEXT_BYTES, 1),
    segment('__LINKEDIT', TEXT_BYTES, end - TEXT_BYTES, 0),
    words([0x2, 24, symbolsAt, SYMBOLS.length, namesAt, names.length]),
    dysymtab(indirectAt),
  ];
  const bytes = Buffer.concat(commands);
  words([0xfeedfacf, 0x0100000c, 0, 2, commands.length, bytes.length, 0, 0]).copy(file);
  bytes.copy(file, HEADER);
  file.fill(0x90, TEXT_BYTES - 16, TEXT_BYTES);
  SYMBOLS.forEach(({ name }, index) => {
    file.writeUInt32LE(names.indexOf(`\0${name}\0`) + 1, symbolsAt + index * 16);
  });
  words(INDIRECT).copy(file, indirectAt);
  file.write(names, namesAt, 'latin1');
  return file;
}

/** The names in a file's symbol table, and those that its indirect table leads to. */
export function symbolsOf(file: Buffer): { names: string[]; indirect: (string | number)[] } {
  const symtab = HEADER + SEGMENT + SECTION + SEGMENT;
  const [at = 0, count = 0, namesAt = 0] = [8, 12, 16].map((offset) =>
    file.readUInt32LE(symtab + offset),
  );
  const names = Array.from({ length: count }, (_, index) => {
    const start = namesAt + file.readUInt32LE(at + index * 16);
    return file.toString('latin1', start, file.indexOf(0, start));
  });
  const indirectAt = file.readUInt32LE(symtab + 24 + 56);
  const indirect = INDIRECT.map((_, index) => {
    const value = file.readUInt32LE(indirectAt + index * 4);
    return names[value] ?? value;
  });
  return { names, indirect };
}

function segment(name: string, offset: number, size: number, sections: number): Buffer {
  const command = Buffer.alloc(SEGMENT + sections * SECTION);
  command.writeUInt32LE(0x19, 0);
  command.writeUInt32LE(command.length, 4);
  command.write(name, 8, 'latin1');
  command.writeBigUInt64LE(BigInt(offset), 40);
  command.writeBigUInt64LE(BigInt(size), 48);
  command.writeUInt32LE(sections, 64);
  // The code is at the end of __TEXT, so that load commands can grow up to it.
  if (sections > 0) command.writeUInt32LE(TEXT_BYTES - 16, SEGMENT + 48);
  return command;
}

function dysymtab(indirectAt: number): Buffer {
  const count = (group: string) => SYMBOLS.filter((symbol) => symbol.group === group).length;
  const [own, exported, needed] = [count('own'), count('exported'), count('needed')];
  const groups = [0, own, own, exported, own + exported, needed];
  return words([0xb, 80, ...groups, 0, 0, 0, 0, 0, 0, indirectAt, INDIRECT.length, 0, 0, 0, 0]);
}

function words(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => {
    bytes.writeUInt32LE(value, index * 4);
  });
  return bytes;
}
