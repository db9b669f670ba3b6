// The layout of ICU's data, one package of items sorted by name: icu4c's ucmndata.h and udata.h.
const FORMAT = Buffer.from('CmnD');
const FORMAT_AT = 12;
const MAGIC = 0x27da;
const ENTRY_BYTES = 8;

/** Data of a locale other than English. Data for all locales has longer names: root.res. */
const FOREIGN_LOCALE = /^(?!en[_.]|res_index)[a-z]{2,3}(_\w+)?\.res$/;
/** Dictionaries of languages that are written without spaces. */
const DICTIONARY = /\.dict$/;

/**
 * Removes all languages except those in Node's own small-icu builds, which means English. The data of the others, a
 * fifth of an archive, is overwritten with zeros and no longer listed. ICU then uses the common defaults for these
 * languages.
 */
export function withEnglishOnly(file: Buffer): Buffer {
  const contents = findContents(file);
  const count = file.readUInt32LE(contents);
  const items = Array.from({ length: count }, (_, index) => {
    const entry = contents + 4 + index * ENTRY_BYTES;
    const nameAt = contents + file.readUInt32LE(entry);
    const name = file.toString('latin1', nameAt, file.indexOf(0, nameAt));
    return { entry, name, at: contents + file.readUInt32LE(entry + 4) };
  });
  const changed = Buffer.from(file);
  let kept = 0;
  for (const [index, { entry, name, at }] of items.entries()) {
    const next = items[index + 1];
    const base = name.slice(name.lastIndexOf('/') + 1);
    if (!FOREIGN_LOCALE.test(base) && !DICTIONARY.test(base)) {
      file.copy(changed, contents + 4 + kept * ENTRY_BYTES, entry, entry + ENTRY_BYTES);
      kept += 1;
    } else if (next) {
      if (next.at <= at) throw new Error("ICU's data are not in the order of their names");
      // The end of the last one is not recorded. It is small.
      changed.fill(0, at, next.at);
    }
  }
  changed.writeUInt32LE(kept, contents);
  return changed;
}

/** The position of the list of items. There must be exactly one such package. */
function findContents(file: Buffer): number {
  const offsets: number[] = [];
  for (let at = file.indexOf(FORMAT); at >= 0; at = file.indexOf(FORMAT, at + 1)) {
    const start = at - FORMAT_AT;
    // Little-endian, ASCII names, of 16-bit characters.
    if (
      start >= 0 &&
      file.readUInt16LE(start + 2) === MAGIC &&
      file.readUInt32BE(start + 8) === 0x200
    )
      offsets.push(start + file.readUInt16LE(start));
  }
  const [contents] = offsets;
  if (contents === undefined || offsets.length > 1)
    throw new Error(`${offsets.length} packages of ICU data instead of one`);
  return contents;
}
