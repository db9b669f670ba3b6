import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withEnglishOnly } from '../../../scripts/packaging/icuData.ts';

/** A package like ICU's, whose items are `<a>.`, `<b>.` and so on. */
function tinyPackage(...names: string[]): Buffer {
  const header = Buffer.alloc(32);
  header.writeUInt16LE(header.length, 0);
  header.writeUInt16LE(0x27da, 2);
  header.write('\x00\x00\x02\x00CmnD', 8, 'latin1');
  const contents = Buffer.alloc(4 + names.length * 8);
  contents.writeUInt32LE(names.length);
  const text = Buffer.from(names.map((name) => `${name}\0`).join(''));
  let nameAt = contents.length;
  for (const [index, name] of names.entries()) {
    contents.writeUInt32LE(nameAt, 4 + index * 8);
    contents.writeUInt32LE(contents.length + text.length + index * 4, 8 + index * 8);
    nameAt += name.length + 1;
  }
  const items = Buffer.from(names.map((_, index) => `<${letterOf(index)}>.`).join(''));
  return Buffer.concat([Buffer.from('before'), header, contents, text, items]);
}

const letterOf = (index: number) => String.fromCharCode(97 + index);

describe('the ICU data of a small program', () => {
  it('contain English and the data for all languages', () => {
    const names = [
      ...['brkitr/char.brk', 'brkitr/thaidict.dict', 'coll/de__PHONEBOOK.res', 'coll/ucadata.icu'],
      ...['de.res', 'en.res', 'en_GB.res', 'es_419.res', 'pool.res', 'res_index.res', 'root.res'],
      ...['units.res', 'zu.res'],
    ];
    const file = tinyPackage(...names.map((name) => `icudt78l/${name}`));
    const small = withEnglishOnly(file);
    expect(small).toHaveLength(file.length);
    // The end of the last item is unknown.
    expect(
      small
        .toString('latin1')
        .match(/(?<=<)[a-z](?=>)/g)
        ?.join(''),
    ).toBe('adfgijklm');
    const contents = 6 + 32;
    expect(small.readUInt32LE(contents)).toBe(8);
    const listed = Array.from({ length: 8 }, (_, index) => {
      const at = contents + small.readUInt32LE(contents + 4 + index * 8);
      return small.toString('latin1', at, small.indexOf(0, at));
    });
    const left = names.filter((_, index) => 'adfgijkl'.includes(letterOf(index)));
    expect(listed.map((name) => name.slice('icudt78l/'.length))).toEqual(left);
    expect(small.subarray(0, contents)).toEqual(file.subarray(0, contents));
  });

  it('are refused if there is no package, or two', () => {
    expect(() => withEnglishOnly(Buffer.from('no CmnD here'))).toThrow('0 packages');
    const pkg = tinyPackage('icudt78l/root.res');
    expect(() => withEnglishOnly(Buffer.concat([pkg, pkg]))).toThrow('2 packages');
  });
});

describe('a Node with English only', () => {
  let folder = '';
  let program = '';
  let saved = 0;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'netdebug-icu-'));
    program = join(folder, 'node');
    const node = readFileSync(process.execPath);
    const small = withEnglishOnly(node);
    writeFileSync(program, small, { mode: 0o755 });
    const at = node.findIndex((byte, index) => byte !== small[index]);
    const part = (file: Buffer) => gzipSync(file.subarray(at, at + 40e6), { level: 1 }).length;
    saved = part(node) - part(small);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const answers = (script: string, locale: string) =>
    JSON.parse(
      execFileSync(program, ['-p', `JSON.stringify(${script})`], {
        env: { LC_ALL: locale },
        encoding: 'utf8',
      }),
    );

  it('is smaller after compression', () => {
    expect(saved).toBeGreaterThan(8e6);
  });

  it.each(['C', 'de_DE.UTF-8', 'th_TH.UTF-8', 'zh_CN.GB18030', 'sr_Latn_RS', 'xx_YY', ''])(
    'supports English, and the common data of all languages, with the locale "%s"',
    (locale) => {
      const script = `[
        (1234567.8).toLocaleString('en-US'),
        new Date(0).toLocaleString('en-GB', { timeZone: 'Asia/Tokyo', dateStyle: 'long' }),
        Intl.NumberFormat.supportedLocalesOf(['de', 'en-GB']),
        ['z', 'ä', 'a'].sort((one, other) => one.localeCompare(other)),
        [...new Intl.Segmenter('th', { granularity: 'word' }).segment('สวัสดี ครับ')].length,
        [...new Intl.Segmenter().segment('e\\u0301👨‍👩‍👧')].length,
        new URL('http://müller.example').host,
        'ﬁ'.normalize('NFKC'),
        new TextDecoder('shift_jis').decode(new Uint8Array([0x93, 0xfa])),
        typeof new Date().toLocaleString() + typeof String(new Date()),
      ]`;
      expect(answers(script, locale)).toEqual([
        ...['1,234,567.8', '1 January 1970', ['en-GB'], ['a', 'ä', 'z'], 3, 2],
        ...['xn--mller-kva.example', 'fi', '日', 'stringstring'],
      ]);
    },
  );
});
