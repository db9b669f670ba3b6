import { describe, expect, it } from 'vitest';
import { checkSignature, signedAdHoc } from '../../../scripts/packaging/machOSignature.ts';
import { withoutMachOSymbols } from '../../../scripts/packaging/machOSymbols.ts';
import { symbolsOf, tinyMachO } from './tinyMachO.ts';

// test/release checks real files of Apple's linker, with LLVM.

describe('a Mach-O file without its symbols', () => {
  const stripped = withoutMachOSymbols(tinyMachO());

  it('keeps the required symbols, and those that pointers refer to', () => {
    expect(symbolsOf(stripped).names).toEqual(['_pointed_at', '_malloc', '_free']);
    expect(stripped.includes('_secret')).toBe(false);
  });

  it('has the same pointers', () => {
    expect(symbolsOf(stripped).indirect).toEqual(symbolsOf(tinyMachO()).indirect);
  });

  it('loses its signature, which covered the symbols', () => {
    expect(withoutMachOSymbols(signedAdHoc(tinyMachO(), 'tiny'))).toEqual(stripped);
  });

  it('is refused if other data follows the symbols', () => {
    const longer = Buffer.concat([tinyMachO(), Buffer.alloc(64)]);
    expect(() => withoutMachOSymbols(longer)).toThrow('not at the end');
  });
});

describe('an ad-hoc signature', () => {
  const signed = signedAdHoc(tinyMachO(), 'tiny');

  it('covers every page', () => {
    expect(checkSignature(signed)).toEqual({ identifier: 'tiny', pages: 2, wrongPages: 0 });
  });

  it('is wrong after a byte is changed', () => {
    const changed = Buffer.from(signed);
    changed[0xff8] = 0;
    expect(checkSignature(changed).wrongPages).toBe(1);
  });

  it('is not added to a signed file', () => {
    expect(() => signedAdHoc(signed, 'tiny')).toThrow('signed already');
  });
});
