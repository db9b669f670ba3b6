import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { authenticate } from '../../../src/kube/authentication.ts';
import { chooseContext } from '../../../src/kube/kubeconfig.ts';
import { Problem } from '../../../src/problem.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'netdebug-kubeconfig-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
/** Writes a kubeconfig in a folder of its own and gives its path. */
function file(text: string): string {
  const own = join(folder, String(++files));
  mkdirSync(own);
  writeFileSync(join(own, 'config'), text);
  return join(own, 'config');
}

/** A kubeconfig with one context of each name, its server named after it. */
function config(
  current: string,
  names: string[],
  server = (name: string) => `https://${name}:6443`,
) {
  const list = (line: (name: string) => string) =>
    names.map((name) => `- ${line(name)}\n`).join('');
  return file(
    `current-context: ${current}\n` +
      `clusters:\n${list((name) => `{name: ${name}, cluster: {server: "${server(name)}"}}`)}` +
      `users:\n${list((name) => `{name: ${name}, user: {token: t-${name}}}`)}` +
      `contexts:\n${list((name) => `{name: ${name}, context: {cluster: ${name}, user: ${name}, namespace: ns-${name}}}`)}`,
  );
}

/** One user entry as the whole kubeconfig. */
function user(fields: string, cluster = ''): string {
  return file(
    `{current-context: c, clusters: [{name: k, cluster: {server: "https://api:6443"${cluster}}}],` +
      ` users: [{name: u, user: {${fields}}}], contexts: [{name: c, context: {cluster: k, user: u}}]}`,
  );
}

function problemOf(act: () => unknown): Problem {
  try {
    act();
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('which file', () => {
  it('--kubeconfig wins over KUBECONFIG, KUBECONFIG over the home folder', () => {
    const [a, b] = [config('a', ['a']), config('b', ['b'])];
    expect(chooseContext({ kubeconfig: a }, { KUBECONFIG: b }).cluster.server).toBe(
      'https://a:6443',
    );
    expect(chooseContext({}, { KUBECONFIG: b }).cluster.server).toBe('https://b:6443');
    expect(chooseContext({ kubeconfig: '' }, { KUBECONFIG: b }).cluster.server).toBe(
      'https://b:6443',
    );
  });

  it('the first of KUBECONFIG’s list that says something wins; missing ones are passed over', () => {
    const first = config('shared', ['shared', 'one'], () => 'https://first:1');
    const second = config('two', ['shared', 'two'], () => 'https://second:2');
    const env = { KUBECONFIG: ['', '/no/such/file', first, second].join(delimiter) };
    expect(chooseContext({}, env).cluster.server).toBe('https://first:1');
    expect(chooseContext({ context: 'two' }, env).cluster.server).toBe('https://second:2');
    const other = { KUBECONFIG: [second, first].join(delimiter) };
    expect(chooseContext({}, other)).toMatchObject({ namespace: 'ns-two' });
    expect(chooseContext({ context: 'shared' }, other).cluster.server).toBe('https://second:2');
  });

  it('a missing --kubeconfig is an error, in kubectl’s words', () => {
    expect(problemOf(() => chooseContext({ kubeconfig: '/no/such' }, {})).message).toBe(
      'stat /no/such: no such file or directory',
    );
    expect(problemOf(() => chooseContext({ kubeconfig: folder }, {})).message).toMatch(/EISDIR/);
  });
});

describe('what is chosen', () => {
  it('flags win over the context, the context over the default', () => {
    const kubeconfig = config('a', ['a', 'b']);
    expect(chooseContext({ kubeconfig }, {})).toMatchObject({ namespace: 'ns-a' });
    const mixed = chooseContext(
      { kubeconfig, context: 'b', cluster: 'a', user: 'a', namespace: 'mine' },
      {},
    );
    expect(mixed).toEqual({
      cluster: { server: 'https://a:6443' },
      user: { token: 't-a' },
      namespace: 'mine',
    });
    expect(chooseContext({ kubeconfig: user('') }, {}).namespace).toBe('default');
  });

  it.each([
    [{ context: 'x' }, 'context "x" does not exist', 'contexts in this kubeconfig: a, b'],
    [{ cluster: 'x' }, 'cluster "x" does not exist', undefined],
    [{ user: 'x' }, 'auth info "x" does not exist', undefined],
  ])('%j: %s', (flags, message, next) => {
    const kubeconfig = config('a', ['a', 'b']);
    const problem = problemOf(() => chooseContext({ kubeconfig, ...flags }, {}));
    expect(problem.message).toBe(message);
    expect(problem.next[0]).toBe(next);
  });

  it('says so when there is nothing', () => {
    for (const text of [
      '',
      '# nothing\n',
      '---\n',
      '{}',
      '[]',
      'null',
      'just text',
      'clusters: nothing\nusers: 3\n',
    ])
      expect(problemOf(() => chooseContext({ kubeconfig: file(text) }, {})).message).toBe(
        'no configuration for a cluster was found',
      );
  });

  it('file names are relative to their file; a plugin is, when it has a folder', () => {
    const path = user(
      'client-certificate: a/c.pem, client-key: /abs/k.pem, tokenFile: ../t, exec: {command: ./bin/login}',
      ', certificate-authority: ca.pem',
    );
    const own = join(path, '..');
    const chosen = chooseContext({ kubeconfig: path }, {});
    expect(chosen.cluster['certificate-authority']).toBe(join(own, 'ca.pem'));
    expect(chosen.user).toEqual({
      'client-certificate': join(own, 'a/c.pem'),
      'client-key': '/abs/k.pem',
      tokenFile: join(folder, 't'),
      exec: { command: join(own, 'bin/login') },
    });
    const onPath = user('exec: {command: login, args: [x]}');
    expect(chooseContext({ kubeconfig: onPath }, {}).user.exec).toEqual({
      command: 'login',
      args: ['x'],
    });
  });
});

describe('impolite YAML', () => {
  it.each([
    [
      'a byte order mark and Windows line ends',
      (text: string) => `\ufeff${text.replaceAll('\n', '\r\n')}`,
    ],
    ['a second document', (text: string) => `${text}---\nclusters: []\n`],
    ['a document start', (text: string) => `---\n${text}`],
    [
      'comments and unknown fields',
      (text: string) => `# hi\nkind: Config\npreferences: {}\n${text}extensions: [1]\n`,
    ],
    ['anchors', (text: string) => `x: &x {a: 1}\ny: *x\n${text}`],
  ])('%s', (_, spoil) => {
    const text =
      'current-context: c\nclusters:\n- name: k\n  cluster:\n    server: https://api\nusers: null\n' +
      'contexts:\n- junk\n- null\n- {name: 3}\n- name: c\n  context: {cluster: k, user: ""}\n';
    expect(chooseContext({ kubeconfig: file(spoil(text)) }, {})).toMatchObject({
      cluster: { server: 'https://api' },
      user: {},
    });
  });

  it.each(['a: [', '\ta: 1', 'a: *nobody', '"'])('broken: %j', (text) => {
    const kubeconfig = file(text);
    const problem = problemOf(() => chooseContext({ kubeconfig }, {}));
    expect(problem.message.startsWith(`error loading config file "${kubeconfig}": `)).toBe(true);
  });

  it('an entry named like a part of every object is not there', () => {
    const kubeconfig = config('a', ['a']);
    expect(problemOf(() => chooseContext({ kubeconfig, context: '__proto__' }, {}))).toBeTruthy();
    expect(problemOf(() => chooseContext({ kubeconfig, user: 'constructor' }, {}))).toBeTruthy();
  });
});

describe('in a pod', () => {
  it('the service account is taken when no file says anything', async () => {
    const fs = await import('node:fs');
    vi.resetModules();
    vi.doMock('node:fs', () => ({
      ...fs,
      readFileSync: (path: string, encoding?: BufferEncoding) =>
        path === '/var/run/secrets/kubernetes.io/serviceaccount/namespace'
          ? 'tools\n'
          : fs.readFileSync(path, encoding ?? 'utf8'),
    }));
    const inPod = await import('../../../src/kube/kubeconfig.ts');
    vi.doUnmock('node:fs');
    const env = {
      KUBECONFIG: '/no/such',
      KUBERNETES_SERVICE_HOST: 'fd00::1',
      KUBERNETES_SERVICE_PORT: '6443',
    };
    expect(inPod.chooseContext({}, env)).toEqual({
      cluster: {
        server: 'https://[fd00::1]:6443',
        'certificate-authority': '/var/run/secrets/kubernetes.io/serviceaccount/ca.crt',
      },
      user: { tokenFile: '/var/run/secrets/kubernetes.io/serviceaccount/token' },
      namespace: 'tools',
    });
    expect(inPod.chooseContext({ namespace: 'mine' }, env).namespace).toBe('mine');
    const kubeconfig = config('a', ['a']);
    expect(inPod.chooseContext({ kubeconfig }, env).cluster.server).toBe('https://a:6443');
  });

  it('outside of one there is none', () => {
    const env = { KUBECONFIG: '/no/such', KUBERNETES_SERVICE_HOST: '10.0.0.1' };
    expect(() => chooseContext({}, env)).toThrow('no configuration for a cluster was found');
  });
});

describe('authentication', () => {
  const accessOf = (fields: string, cluster = '') =>
    authenticate(chooseContext({ kubeconfig: user(fields, cluster) }, {}));

  it.each([
    ['', {}],
    ['token: abc', { authorization: 'Bearer abc' }],
    ['username: me, password: "p:w"', { authorization: `Basic ${btoa('me:p:w')}` }],
    ['username: me', { authorization: `Basic ${btoa('me:')}` }],
    ['token: abc, username: me', { authorization: 'Bearer abc' }],
    ['token: "", exec: null', {}],
  ])('{%s}', async (fields, headers) => {
    expect(await (await accessOf(fields)).headers()).toEqual(headers);
  });

  it('a token file wins over a token, and is read again each time', async () => {
    const path = join(folder, 'token');
    writeFileSync(path, 'first\n');
    const { headers } = await accessOf(`tokenFile: ${path}, token: fixed`);
    expect(await headers()).toEqual({ authorization: 'Bearer first' });
    writeFileSync(path, 'second\n');
    expect(await headers()).toEqual({ authorization: 'Bearer second' });
    rmSync(path);
    await expect(headers()).rejects.toThrow(/^unable to read a file that the kubeconfig names: /);
  });

  it('data forms win over files', async () => {
    const path = join(folder, 'pem');
    writeFileSync(path, 'of the file');
    const data = Buffer.from('of the data').toString('base64');
    const both = await accessOf(
      `client-certificate: ${path}, client-certificate-data: ${data}, client-key: ${path}`,
      `, certificate-authority: ${path}, certificate-authority-data: ${data}`,
    );
    expect(both.tls).toEqual({
      ca: Buffer.from('of the data'),
      cert: Buffer.from('of the data'),
      key: Buffer.from('of the file'),
      rejectUnauthorized: true,
    });
    await expect(accessOf('client-key: /no/such')).rejects.toThrow(/^unable to read a file/);
  });

  it.each([
    ['', true],
    [', insecure-skip-tls-verify: true', false],
    [', insecure-skip-tls-verify: "true"', true],
    [', insecure-skip-tls-verify: null', true],
  ])('the server is verified unless told otherwise: {%s}', async (cluster, verified) => {
    expect((await accessOf('', cluster)).tls.rejectUnauthorized).toBe(verified);
  });

  it.each([
    ['https://api.example:6443', undefined, 'https://api.example:6443/', undefined],
    ['https://10.0.0.1:6443', undefined, 'https://10.0.0.1:6443/', ''],
    ['https://[fd00::1]:6443', undefined, 'https://[fd00::1]:6443/', ''],
    ['https://10.0.0.1', 'inside', 'https://10.0.0.1/', 'inside'],
    ['localhost:8080', undefined, 'http://localhost:8080/', undefined],
    ['HTTPS://API', undefined, 'https://api/', undefined],
  ])('server %s, tls-server-name %s', async (server, name, url, servername) => {
    const { server: parsed, tls } = await authenticate({
      cluster: { server, ...(name !== undefined && { 'tls-server-name': name }) },
      user: {},
      namespace: 'x',
    });
    expect(parsed.href).toBe(url);
    expect(tls.servername).toBe(servername);
  });

  it('an address that is none', async () => {
    const access = authenticate({ cluster: { server: 'http://' }, user: {}, namespace: 'x' });
    await expect(access).rejects.toThrow('the kubeconfig names an invalid server address: http://');
  });

  it('a plugin’s token is used; one that fails is quoted', async () => {
    const plugin = (script: string) =>
      accessOf(
        `exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, command: sh, args: [-c, '${script}']}`,
      );
    const credential =
      '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"of-the-plugin"}}';
    const { headers } = await plugin(`echo ${JSON.stringify(credential)}`);
    expect(await headers()).toEqual({ authorization: 'Bearer of-the-plugin' });
    await expect(plugin('echo log in first >&2; exit 1')).rejects.toThrow(
      /^getting credentials: the plugin "sh" failed: .*log in first/s,
    );
  });
});
