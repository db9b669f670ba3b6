import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleProgram } from '../../../scripts/packaging/bundle.ts';

const LAUNCHER = join(import.meta.dirname, '..', '..', '..', 'scripts', 'launcher', 'packs.cjs');

/** Runs the program and prints the packs that were read in its last line. */
const PROBE = `
const { openProgram } = require(${JSON.stringify(LAUNCHER)});
const { readFileSync, writeSync } = require('node:fs');
const packs = [];
process.on('exit', () => writeSync(1, '\\npacks: ' + packs.join(' ')));
openProgram({
  read: {
    text(pack) {
      packs.push(pack);
      return readFileSync(process.env.FOLDER + '/' + pack + '.cjs', 'latin1');
    },
    cache() {},
  },
  folder: process.env.FOLDER,
  require,
}).run();
`;

let folder = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'netdebug-packs-'));
  await bundleProgram(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The output of a command, and the packs that it reads. */
function run(...args: string[]): Promise<{ output: string; packs: string[] }> {
  const missing = join(folder, 'no-kubeconfig');
  const env = { ...process.env, FOLDER: folder, KUBECONFIG: missing };
  return new Promise((resolve) => {
    execFile(process.execPath, ['-e', PROBE, 'netdebug', ...args], { env }, (_error, out, err) => {
      const [output = '', packs = ''] = out.split('\npacks: ');
      resolve({ output: output + err, packs: packs.split(' ') });
    });
  });
}

describe('the packs of the program', () => {
  it('print the version from the first one', async () => {
    const { output, packs } = await run('--version');
    expect(output).toMatch(/^kubectl-netdebug \d/);
    expect(packs).toEqual(['quick']);
  });

  it('contain the commit of the build', async () => {
    const { output } = await run('version', '-o', 'json');
    expect(JSON.parse(output).clientVersion.gitCommit).toMatch(/^[0-9a-f]{40}$/);
  });

  it('print the help from the first one', async () => {
    expect((await run('--help')).packs).toEqual(['quick']);
  });

  it('complete names without the code of commands', async () => {
    const { output, packs } = await run('__complete', 'capture', '--context', '');
    expect(output).toBe(':4\n');
    expect(packs.toSorted()).toEqual(['completion', 'connection', 'quick']);
  });

  it('start a capture without the code for later steps', async () => {
    const { output, packs } = await run('capture', '--help');
    expect(output).toMatch(/^Capture packets/);
    expect(packs.toSorted()).toEqual(['connection', 'quick', 'start']);
  });

  it('contain every command', async () => {
    const { output, packs } = await run('read', join(folder, 'no-file.pcap'));
    expect(output).toMatch(/no-file\.pcap/);
    expect(packs).toContain('rest');
  });
});
