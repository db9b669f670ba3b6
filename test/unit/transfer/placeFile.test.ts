import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { placeFile, writeAtomically } from '../../../src/transfer/placeFile.ts';

function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'netdebug-place-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

describe('a file', () => {
  it('gets its final name', async () => {
    const folder = folderWith({ part: 'new' });
    await placeFile(join(folder, 'part'), join(folder, 'final'), false);
    expect(readdirSync(folder)).toEqual(['final']);
    expect(readFileSync(join(folder, 'final'), 'utf8')).toBe('new');
  });

  it('never replaces a file created at the same moment, unless forced', async () => {
    const folder = folderWith({ part: 'new', final: 'mine' });
    const [part, final] = [join(folder, 'part'), join(folder, 'final')];
    await expect(placeFile(part, final, false)).rejects.toMatchObject({ kind: 'exists' });
    expect(readFileSync(final, 'utf8')).toBe('mine');
    expect(readFileSync(part, 'utf8')).toBe('new');
    await placeFile(part, final, true);
    expect(readFileSync(final, 'utf8')).toBe('new');
  });

  it('is replaced atomically, readable by its owner only, and leaves nothing behind on failure', async () => {
    const folder = folderWith({ text: 'old' });
    await writeAtomically(join(folder, 'text'), 'new');
    expect(readFileSync(join(folder, 'text'), 'utf8')).toBe('new');
    expect(statSync(join(folder, 'text')).mode & 0o777).toBe(0o600);
    await expect(writeAtomically(folder, 'x')).rejects.toMatchObject({ kind: 'not-written' });
    expect(readdirSync(folder)).toEqual(['text']);
  });
});
