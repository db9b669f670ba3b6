import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { packed } from '../../../scripts/packaging/archive.ts';

const TIME = new Date('2026-11-24T12:34:56Z');
const program = { name: 'run', content: Buffer.from('#!/bin/sh\n'.repeat(99)), executable: true };
const license = { name: 'LICENSE', content: Buffer.from('Do what you like.\n'), executable: false };

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'netdebug-archive-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe.each([
  { format: 'tar.gz', program: 'tar', args: (path: string) => ['-xzf', path] },
  { format: 'zip', program: 'busybox', args: (path: string) => ['unzip', '-q', path] },
] as const)('a .$format', ({ format, program: unpacker, args }) => {
  it('contains the files, as read by other programs', async () => {
    const path = join(folder, `archive.${format}`);
    writeFileSync(path, await packed(format, [program, license], TIME));
    execFileSync(unpacker, args(path), { cwd: folder, env: { ...process.env, TZ: 'UTC' } });
    expect(readFileSync(join(folder, 'run'))).toEqual(program.content);
    expect(readFileSync(join(folder, 'LICENSE'))).toEqual(license.content);
    if (format === 'tar.gz') {
      const { mtime, mode } = statSync(join(folder, 'run'));
      expect(mtime).toEqual(TIME);
      expect(mode & 0o777).toBe(0o755);
    } else {
      // busybox unzip sets the current time and the default mode.
      const list = execFileSync('busybox', ['unzip', '-l', path], { encoding: 'utf8' });
      expect(list).toMatch(/990 .*11-24-2026 12:34 .*run/);
    }
  });

  it('is the same for any order of files', async () => {
    const archive = await packed(format, [program, license], TIME);
    expect(await packed(format, [license, program], TIME)).toEqual(archive);
  });
});
