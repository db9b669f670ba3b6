import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { reportedIn } from './support/failure.ts';
import { runPod } from './support/pods.ts';
import { run } from './support/process.ts';
import { freshPath, namespaced, PROGRAM, world } from './support/world.ts';

const root = join(import.meta.dirname, '..', '..');
const binary = join(root, 'dist', 'bin', 'linux-amd64', 'kubectl-netdebug');
const here = process.platform === 'linux' && process.arch === 'x64';
const [program, ...words] = PROGRAM;

describe.runIf(here)('the single-file binary', () => {
  beforeAll(() => {
    if (!existsSync(binary))
      execFileSync(join(root, 'scripts', 'build'), ['linux-amd64'], { stdio: 'ignore' });
  });

  it('captures without an installed Node', async () => {
    const pod = await runPod('binary');
    const image = world.flavours[0]?.image ?? '';
    const trace = freshPath('trace.json');
    const result = await run('env', [
      ...['-i', 'PATH=/nonexistent', `KUBECONFIG=${namespaced(world.kubeconfig)}`],
      ...[binary, 'capture', pod.name, '--image', image, '--duration', '1'],
      ...['--trace-timing', trace],
    ]);
    expect(result.code, result.stderr).toBe(0);
    expect(reportedIn(trace).notices).toContain('capturing');
  });

  it('starts with its code cache', async () => {
    const { stderr } = await run(binary, ['--version'], { env: { NODE_DEBUG: 'netdebug' } });
    expect(stderr).toMatch(/code cache: taken/);
  });

  it('starts whichever certificates Node is told to trust', async () => {
    const env = { NODE_USE_SYSTEM_CA: '1', NODE_OPTIONS: '--use-bundled-ca' };
    const { code, stderr } = await run(binary, ['--version'], { env });
    expect(code, stderr).toBe(0);
  });

  it('prints its build information', async () => {
    const { stdout } = await run(binary, ['version', '-o', 'json']);
    expect(JSON.parse(stdout).clientVersion).toMatchObject({
      gitVersion: `v${packageJson.version}`,
      gitCommit: expect.stringMatching(/^[0-9a-f]{40}$/),
      buildDate: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      platform: 'linux/amd64',
    });
  });
});

describe('the program', () => {
  it('is tested on Node 24, whatever version the host has', () => {
    expect(process.version).toMatch(/^v24\./);
  });

  it('is a kubectl plugin when it is on PATH, also through a link', async () => {
    const folder = join(world.folder, 'bin');
    await run('mkdir', ['-p', folder]);
    const path = program === 'kubectl' ? binary : program;
    await run('ln', ['-sf', path, join(folder, 'kubectl-netdebug')]);
    const env = { PATH: `${folder}:${process.env.PATH}` };
    const { stdout, code } = await run(world.kubectl, ['netdebug', '--version'], { env });
    expect(code).toBe(0);
    expect(stdout).toBe(`kubectl-netdebug ${packageJson.version}\n`);
  });

  it('prints help of at most 80 columns', async () => {
    for (const args of [['--help'], ['capture', '--help'], ['ports', '--help']]) {
      const { stdout, code } = await run(program, [...words, ...args]);
      expect(code).toBe(0);
      expect(stdout).toMatch(/^Usage:\n {2}kubectl netdebug/m);
      for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    }
  });

  it('contains the same help that the code generates', async () => {
    const [quick, slow] = await Promise.all(
      [['--help'], ['-h', '--help']].map((args) => run(program, [...words, ...args])),
    );
    expect(quick?.stdout).toMatch(/Usage/);
    expect(quick?.stdout).toBe(slow?.stdout);
  });
});
