import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { queryRoutes } from '../../../src/topology/collect/queryRoutes.ts';
import { parseSections } from '../../../src/topology/collect/sections.ts';
import type { ClusterFacts } from '../../../src/topology/model/clusterFacts.ts';
import type { RouteQuestion } from '../../../src/topology/model/routeAnswer.ts';

const inode = statSync('/proc/self/ns/net').ino;
const isRoot = process.getuid?.() === 0;

/** This machine as a node, in which this process is the first of the namespace. */
const FACTS: ClusterFacts = {
  format: 'netdebug-facts/1',
  collectedAt: '2026-11-26T16:00:00Z',
  nodes: [
    {
      name: 'node-a',
      collectedAt: '2026-11-26T16:00:00Z',
      kernel: '6.18.0',
      hostInode: inode,
      namespaces: [inode, 1].map((netns) => ({
        inode: netns,
        owner: { kind: 'other' },
        processCount: 1,
        pid: process.pid,
        mounts: [],
        answers: [],
        unknown: [],
      })),
      processes: [],
      sandboxes: [],
      tools: [],
      unknown: [],
    },
  ],
  objects: {},
  unknown: [],
};

describe.skipIf(!isRoot).each([
  ['dash', ['dash']],
  ['busybox', ['busybox', 'sh']],
] as const)('the kernel, queried for routes in %s', (_, [shell = '', ...words]) => {
  const pool = {
    run: async (
      _node: string,
      script: string,
      before: readonly string[],
      after: readonly string[],
    ) => {
      const args = [...words, '-c', script, 'ask', ...before, 'TOKEN', ...after];
      const { stdout, stderr } = spawnSync(shell, args);
      expect(stderr.toString()).toBe('');
      return parseSections(stdout, 'TOKEN');
    },
  };
  const ask = async (netns: number, ...questions: RouteQuestion[]) => {
    const placed = questions.map((question) => ({ node: 'node-a', netns, question }));
    const { nodes } = await queryRoutes(pool, FACTS, placed);
    return nodes[0]?.namespaces.find(({ inode }) => inode === netns)?.answers;
  };

  it('answers each question', async () => {
    const local = { to: '127.0.0.1' };
    const martian = { to: '127.0.0.1', from: '203.0.113.9', inputDevice: 'no-such-device' };
    expect(await ask(inode, local, martian)).toEqual([
      {
        question: local,
        code: 0,
        route: expect.objectContaining({ type: 'local', destination: '127.0.0.1', device: 'lo' }),
      },
      { question: martian, code: 1, error: 'Cannot find device "no-such-device"' },
    ]);
  });

  it('answers each question even if others are refused, and is asked the same only once', async () => {
    const refused = { to: '127.0.0.9', from: '203.0.113.9', inputDevice: 'no-such-device' };
    const questions = [
      refused,
      { to: '127.0.0.1' },
      { ...refused, to: '127.0.0.8' },
      { to: '127.0.0.2' },
      { to: '127.0.0.1' },
      { ...refused, to: '127.0.0.7' },
    ];
    const answers = await ask(inode, ...questions);
    expect(
      answers?.map(({ question, code, route }) => [question.to, code, route?.destination]),
    ).toEqual([
      ['127.0.0.9', 1, undefined],
      ['127.0.0.1', 0, '127.0.0.1'],
      ['127.0.0.8', 1, undefined],
      ['127.0.0.2', 0, '127.0.0.2'],
      ['127.0.0.7', 1, undefined],
    ]);
  });

  it('is not asked invalid questions, or questions for a namespace that has changed since', async () => {
    expect(
      await ask(inode, { to: '127.0.0.1; id' }, { to: '127.0.0.1', inputDevice: 'a b' }),
    ).toEqual([]);
    expect(await ask(1, { to: '127.0.0.1' })).toEqual([]);
  });
});
