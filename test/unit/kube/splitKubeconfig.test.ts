import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dump, loadAll } from 'js-yaml';
import { describe, expect, it, onTestFinished } from 'vitest';
import { chooseContext } from '../../../src/kube/kubeconfig.ts';
import { splitKubeconfig } from '../../../src/kube/splitKubeconfig.ts';
import { Problem } from '../../../src/problem.ts';

interface Config {
  readonly clusters: readonly object[];
  readonly users: readonly object[];
  readonly contexts: readonly object[];
}

const CERTIFICATE = Buffer.alloc(600, 'certificate').toString('base64');
const NAMES = [
  'plain',
  'arn:aws:eks:eu-west-1:123:cluster/shop',
  'admin@shop',
  '2024',
  'true',
  'a-b_c.d',
];

/** As written by kubectl and cloud tools: plugins with variables and multi-line texts. */
const CONFIG = {
  apiVersion: 'v1',
  kind: 'Config',
  preferences: {},
  'current-context': 'admin@shop',
  clusters: NAMES.map((name) => ({
    cluster: {
      'certificate-authority-data': CERTIFICATE,
      server: `https://${name.length}.example`,
    },
    name,
  })),
  contexts: NAMES.map((name) => ({ context: { cluster: name, user: name, namespace: 'x' }, name })),
  users: NAMES.map((name) => ({
    name,
    user: {
      exec: {
        apiVersion: 'client.authentication.k8s.io/v1beta1',
        args: ['--region', 'eu-west-1', '--filter', '*'],
        command: 'aws',
        env: [{ name: 'AWS_PROFILE', value: 'shop' }],
        installHint: 'Install it.\n\nname: no entry\n- name: neither\nclusters: no list\n',
      },
    },
  })),
};

describe('a kubeconfig in the usual form', () => {
  it.each([
    ['items at the indentation of their key', dump(CONFIG).replaceAll(/^ {2}/gm, '')],
    ['indented items', dump(CONFIG)],
    ['a document marker', `---\n${dump(CONFIG)}`],
    ['a comment', `# made by hand\n${dump(CONFIG)}`],
  ])('is split into the same entries as the parser finds: %s', (_, text) => {
    const [whole] = loadAll(text) as Config[];
    const split = splitKubeconfig(text);
    expect(split?.rest['current-context']).toBe('admin@shop');
    for (const list of ['clusters', 'users', 'contexts'] as const) {
      expect(split?.[list].map(({ parse }) => parse())).toEqual(whole?.[list]);
      expect(split?.[list].map(({ name }) => name)).toEqual(NAMES);
    }
  });

  it('may have empty lists', () => {
    expect(splitKubeconfig('clusters: []\nusers: null\ncontexts:\n')).toMatchObject({
      clusters: [],
      users: [],
      contexts: [],
    });
  });
});

it.each([
  ['flow style', 'clusters: [{name: a, cluster: {}}]\n'],
  ['an item in flow style', 'clusters:\n- {name: a, cluster: {}}\n'],
  ['an anchor', 'clusters:\n- name: a\n  cluster: &one\n    server: x\n'],
  ['an alias', 'clusters:\n- name: a\n  cluster: *one\n'],
  ['a name that is a number', 'clusters:\n- name: 2024\n  cluster: {}\n'],
  ['a name that is a boolean', 'clusters:\n- name: True\n  cluster: {}\n'],
  ['a name of several words', 'clusters:\n- name: a b\n  cluster: {}\n'],
  ['a second document', 'clusters: []\n---\nusers: []\n'],
  ['a duplicate key', 'clusters: []\nclusters: []\n'],
  ['JSON', '{"clusters": []}'],
  ['no mapping', '- name: a\n'],
])('a kubeconfig with %s is left to the parser', (_, text) => {
  expect(splitKubeconfig(text)).toBeUndefined();
});

describe('a kubeconfig with 10,000 contexts', () => {
  const numbers = Array.from({ length: 10_000 }, (_, number) => String(number).padStart(5, '0'));
  const text = [
    'current-context: context-00000',
    'clusters:',
    ...numbers.flatMap((n) => [
      '- cluster:',
      `    certificate-authority-data: ${CERTIFICATE}`,
      `    server: https://${n}.example`,
      `  name: cluster-${n}`,
    ]),
    'contexts:',
    ...numbers.flatMap((n) => [
      '- context:',
      `    cluster: cluster-${n}`,
      `    user: user-${n}`,
      `  name: context-${n}`,
    ]),
    'users:',
    ...numbers.flatMap((n) => [`- name: user-${n}`, '  user:', `    token: token-${n}`]),
    '',
  ].join('\n');
  const written = (content: string) => {
    const folder = mkdtempSync(join(tmpdir(), 'netdebug-large-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const kubeconfig = join(folder, 'config');
    writeFileSync(kubeconfig, content);
    return kubeconfig;
  };

  it('is parsed only where needed', () => {
    const kubeconfig = written(text.replace('token: token-00003', 'token: [unclosed'));
    const { cluster, user } = chooseContext({ kubeconfig, context: 'context-07777' }, {});
    expect(cluster).toMatchObject({ server: 'https://07777.example' });
    expect(user).toMatchObject({ token: 'token-07777' });
  });

  it('is not printed in an error: only the three most similar names, and the count', () => {
    const kubeconfig = written(text);
    const choose = () => chooseContext({ kubeconfig, context: 'contxt-07777' }, {});
    expect(choose).toThrow(Problem);
    try {
      choose();
    } catch (error) {
      const { next } = error as Problem;
      expect(next.join()).toMatch(
        /^similar names among the 10000 contexts in this kubeconfig: context-07777,/,
      );
      expect(next.join().length).toBeLessThan(200);
    }
  });

  it('has the same error for a broken entry as a small file, when the entry is chosen', () => {
    const kubeconfig = written(text.replace('token: token-00003', 'token: 3'));
    const choose = (context: string) => chooseContext({ kubeconfig, context }, {});
    expect(choose('context-00002').user.token).toBe('token-00002');
    expect(() => choose('context-00003')).toThrow(
      /error loading config file .*cannot unmarshal number/,
    );
  });

  it('in a form for the parser only is an error for completion, which waits at most a second', () => {
    const kubeconfig = written(`${text}extensions: &none []\n`);
    const before = process.cpuUsage().user;
    expect(() => chooseContext({ kubeconfig }, {}, { quick: true })).toThrow(Problem);
    expect(process.cpuUsage().user - before).toBeLessThan(1_000_000);
  });
});
