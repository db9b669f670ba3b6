import {
  findCommand,
  LC,
  parseMachO,
  segmentNamed,
  writeCommandCount,
  writeSegmentSize,
} from './machO.ts';

const SYMBOL_BYTES = 16;

/** The positions of a file's symbol tables, and the groups of symbols in them. */
interface SymbolTables {
  readonly symtabAt: number;
  readonly dysymtabAt: number;
  readonly symbols: { readonly at: number; readonly count: number };
  readonly names: { readonly at: number };
  /** The file's own symbols come first, then the exported ones, then the imported ones. */
  readonly firstExported: number;
  readonly firstNeeded: number;
  /** For each stub and pointer of the code: its symbol. */
  readonly indirect: { readonly at: number; readonly entries: readonly number[] };
}

/**
 * Removes the names of the file's own functions, a third of the file, and its signature, which covers them. The loader
 * needs neither: imports are in the chained fixups, and exports in the export trie. Nothing that is loaded into memory
 * moves.
 */
export function withoutMachOSymbols(file: Buffer): Buffer {
  const tables = readTables(file);
  const { symbols, firstExported, firstNeeded, indirect } = tables;
  const referenced = new Set(indirect.entries);
  const kept = Array.from({ length: symbols.count }, (_, index) => index).filter(
    (index) => index >= firstNeeded || referenced.has(index),
  );
  const newIndex = new Map(kept.map((old, index) => [old, index]));
  const { entries, names } = keptSymbols(file, tables, kept);
  const table = Buffer.alloc(indirect.entries.length * 4);
  indirect.entries.forEach((old, index) => {
    table.writeUInt32LE(newIndex.get(old) ?? old, index * 4);
  });

  const stripped = Buffer.concat([file.subarray(0, symbols.at), entries, table, names]);
  const tableAt = symbols.at + entries.length;
  const namesAt = tableAt + table.length;
  writeWords(stripped, tables.symtabAt + 8, [symbols.at, kept.length, namesAt, names.length]);
  const own = kept.filter((index) => index < firstExported).length;
  const exported = kept.filter((index) => index < firstNeeded).length - own;
  const groups = [0, own, own, exported, own + exported, kept.length - own - exported];
  writeWords(stripped, tables.dysymtabAt + 8, groups);
  writeWords(stripped, tables.dysymtabAt + 56, [tableAt]);
  dropSignature(stripped);
  writeSegmentSize(stripped, segmentNamed(parseMachO(stripped), '__LINKEDIT'), stripped.length);
  return stripped;
}

function readTables(file: Buffer): SymbolTables {
  const machO = parseMachO(file);
  const symtab = findCommand(machO, LC.symtab);
  const dysymtab = findCommand(machO, LC.dysymtab);
  if (!symtab || !dysymtab) throw new Error('the Mach-O file has no symbol tables');
  const word = (at: number) => file.readUInt32LE(at);
  const tables: SymbolTables = {
    symtabAt: symtab.at,
    dysymtabAt: dysymtab.at,
    symbols: { at: word(symtab.at + 8), count: word(symtab.at + 12) },
    names: { at: word(symtab.at + 16) },
    firstExported: word(dysymtab.at + 16),
    firstNeeded: word(dysymtab.at + 24),
    indirect: {
      at: word(dysymtab.at + 56),
      entries: Array.from({ length: word(dysymtab.at + 60) }, (_, index) =>
        word(word(dysymtab.at + 56) + index * 4),
      ),
    },
  };
  const { symbols, indirect, names } = tables;
  const signature = findCommand(machO, LC.codeSignature);
  const namesEnd = names.at + word(symtab.at + 20);
  const end = signature ? word(signature.at + 8) : file.length;
  // Data after the symbols would be lost.
  if (symbols.at > indirect.at || indirect.at > names.at || end - namesEnd >= 16)
    throw new Error('the symbol tables are not at the end of the Mach-O file');
  return tables;
}

/** The kept entries and their names. The names start with an empty one, for entries without a name. */
function keptSymbols(file: Buffer, { symbols, names }: SymbolTables, kept: readonly number[]) {
  const entries = Buffer.alloc(kept.length * SYMBOL_BYTES);
  const parts: Buffer[] = [Buffer.alloc(1)];
  let at = 1;
  kept.forEach((old, index) => {
    const from = symbols.at + old * SYMBOL_BYTES;
    file.copy(entries, index * SYMBOL_BYTES, from, from + SYMBOL_BYTES);
    const start = names.at + file.readUInt32LE(from);
    const name = file.subarray(start, file.indexOf(0, start) + 1);
    entries.writeUInt32LE(at, index * SYMBOL_BYTES);
    parts.push(name);
    at += name.length;
  });
  parts.push(Buffer.alloc(-at & 15));
  return { entries, names: Buffer.concat(parts) };
}

/** Removes the load command of the signature, which linkers put last. */
function dropSignature(file: Buffer): void {
  const machO = parseMachO(file);
  const signature = findCommand(machO, LC.codeSignature);
  if (!signature) return;
  if (signature !== machO.commands.at(-1))
    throw new Error('the signature is not the last command of the Mach-O file');
  file.fill(0, signature.at, signature.at + signature.size);
  writeCommandCount(file, machO.commands.length - 1, signature.at);
}

function writeWords(file: Buffer, at: number, values: readonly number[]): void {
  values.forEach((value, index) => {
    file.writeUInt32LE(value, at + index * 4);
  });
}
