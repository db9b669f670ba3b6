import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import packageJson from '../../../package.json' with { type: 'json' };

/** The system's Node, if any. */
const OTHER_NODE = '/usr/bin/node';
const { stdout = '' } = spawnSync(OTHER_NODE, ['--version'], { encoding: 'utf8' });
const isOld = /^v(18|20)\./.test(stdout);

it('checks the version of Node before each program of npm run', () => {
  const programs = Object.values(packageJson.scripts).filter((script) =>
    script.startsWith('node '),
  );
  expect(programs.length).toBeGreaterThan(3);
  for (const script of programs) expect(script).toMatch(/^node --import \.\/scripts\/node24\.mjs /);
});

it.skipIf(!isOld)('reports an old Node in one sentence', () => {
  const words = packageJson.scripts.cluster.split(' ').slice(1);
  const { status, stderr } = spawnSync(OTHER_NODE, [...words, '--help'], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([1, expect.stringMatching(/^This needs Node 24 or newer.*\n$/)]);
});
