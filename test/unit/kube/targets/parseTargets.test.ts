import { describe, expect, it } from 'vitest';
import {
  parseTarget,
  parseTargets,
  targetInNamespace,
} from '../../../../src/kube/targets/parseTargets.ts';
import { Problem } from '../../../../src/problem.ts';

describe('parseTarget', () => {
  it.each(['web-1', 'pod/web-1', 'pods/web-1', 'po/web-1', 'Pod/web-1', 'pods.v1/web-1'])(
    '%s',
    (target) => {
      expect(parseTarget(target)).toEqual({ kind: 'pod', name: 'web-1' });
    },
  );

  it.each([
    ['deployment', 'deploy deployment deployments Deployment deployment.apps deployments.v1.apps'],
    ['statefulset', 'sts statefulset statefulsets statefulset.apps'],
    ['daemonset', 'ds daemonset daemonsets daemonset.apps'],
    ['replicaset', 'rs replicaset replicasets replicaset.apps'],
    ['job', 'job jobs job.batch'],
    ['cronjob', 'cj cronjob cronjobs cronjob.batch'],
    ['service', 'svc service services SVC'],
    ['node', 'no node nodes'],
  ])('%s', (kind, words) => {
    for (const word of words.split(' '))
      expect(parseTarget(`${word}/web`), word).toEqual({ kind, name: 'web' });
  });

  it.each([
    '',
    'pod/',
    '/',
    '/x',
    '-x',
    'x-',
    'a/b/c',
    'pod/a/b',
    'A',
    'a b',
    'a\nb',
    '..',
    'a?x=1',
    'cm/x',
    'deployment.batch/x',
    'po.d/x',
    'svc/../x',
    'shop/node/x',
    'secret/x',
    'shop/pod/x/y',
    'Shop/x',
  ])('%j is a usage error', (target) => {
    const parse = () => parseTarget(target);
    expect(parse).toThrow(Problem);
    expect(parse).toThrow(expect.objectContaining({ exitCode: 2 }));
  });

  it.each([
    ['shop/web-1', { kind: 'pod', name: 'web-1', namespace: 'shop' }],
    ['shop/pod/web-1', { kind: 'pod', name: 'web-1', namespace: 'shop' }],
    ['shop/svc/web', { kind: 'service', name: 'web', namespace: 'shop' }],
    // A word that is a kind is read as one; of three words the first is always a namespace.
    ['job/web', { kind: 'job', name: 'web' }],
    ['job/pod/web', { kind: 'pod', name: 'web', namespace: 'job' }],
  ])('%s has a namespace or a kind', (word, target) => {
    expect(parseTarget(word)).toEqual(target);
  });

  it('lists the supported kinds', () => {
    expect(() => parseTarget('cm/x')).toThrow(
      expect.objectContaining({
        next: ['supported kinds: pod, deploy, sts, ds, rs, job, cronjob, svc, node'],
      }),
    );
  });

  it('parses a long name quickly', () => {
    const before = process.cpuUsage().user;
    expect(() => parseTarget(`${'a-'.repeat(200_000)}_`)).toThrow(Problem);
    expect(process.cpuUsage().user - before).toBeLessThan(1_000_000);
  });
});

describe('parseTargets', () => {
  it('accepts several, and a selector', () => {
    const placed = parseTargets(['web-1', 'shop/svc/db']).map((target) =>
      targetInNamespace(target, 'default'),
    );
    expect(placed.map(({ namespace, text }) => [namespace, text])).toEqual([
      ['default', 'pod/web-1'],
      ['shop', 'shop/service/db'],
    ]);
    expect(parseTargets([], { selector: 'app=web', allNamespaces: true })).toEqual([
      { kind: 'selector', selector: 'app=web', allNamespaces: true },
    ]);
    expect(parseTargets([], { selector: '' })).toHaveLength(1);
  });

  it.each([
    [['web'], { selector: 'a=b' }, 'name cannot be provided when a selector is specified'],
    [['web'], { allNamespaces: true }, 'a resource cannot be retrieved by name across all'],
    [[], { allNamespaces: true }, 'a resource cannot be retrieved by name across all'],
    [[], {}, 'TARGET'],
  ])('%j with %j is a usage error', (words, flags, message) => {
    expect(() => parseTargets(words, flags)).toThrow(message);
  });
});
