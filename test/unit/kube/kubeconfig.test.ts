import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { authenticate } from '../../../src/kube/authentication.ts';
import { chooseContext } from '../../../src/kube/kubeconfig.ts';
import { makeCertificates } from '../kubeconfig/certificates.ts';
import { problemOf } from '../problemOf.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'netdebug-kubeconfig-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
/** Writes a kubeconfig in its own folder and returns its path. */
function file(text: string): string {
  const own = join(folder, String(++files));
  mkdirSync(own);
  writeFileSync(join(own, 'config'), text);
  return join(own, 'config');
}

/** A kubeconfig with one context for each name, and servers with the same names. */
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

describe('the chosen file', () => {
  it('is --kubeconfig, else KUBECONFIG, else in the home folder', () => {
    const [a, b] = [config('a', ['a']), config('b', ['b'])];
    expect(chooseContext({ kubeconfig: a }, { KUBECONFIG: b }).cluster.server).toBe(
      'https://a:6443',
    );
    expect(chooseContext({}, { KUBECONFIG: b }).cluster.server).toBe('https://b:6443');
    expect(chooseContext({ kubeconfig: '' }, { KUBECONFIG: b }).cluster.server).toBe(
      'https://b:6443',
    );
  });

  it('is the first in the list of KUBECONFIG with a value; missing files are skipped', () => {
    const first = config('shared', ['shared', 'one'], () => 'https://first:1');
    const second = config('two', ['shared', 'two'], () => 'https://second:2');
    const env = { KUBECONFIG: ['', '/no/such/file', first, second].join(delimiter) };
    expect(chooseContext({}, env).cluster.server).toBe('https://first:1');
    expect(chooseContext({ context: 'two' }, env).cluster.server).toBe('https://second:2');
    const other = { KUBECONFIG: [second, first].join(delimiter) };
    expect(chooseContext({}, other)).toMatchObject({ namespace: 'ns-two' });
    expect(chooseContext({ context: 'shared' }, other).cluster.server).toBe('https://second:2');
  });

  it('must exist if given with --kubeconfig, with kubectl’s message', () => {
    expect(problemOf(() => chooseContext({ kubeconfig: '/no/such' }, {})).message).toBe(
      'stat /no/such: no such file or directory',
    );
    expect(problemOf(() => chooseContext({ kubeconfig: folder }, {})).message).toBe(
      `error loading config file "${folder}": read ${folder}: is a directory`,
    );
  });
});

describe('the chosen context', () => {
  it('is overridden by flags, and overrides the default', () => {
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
      origin: { name: 'a', file: kubeconfig },
      warnings: [],
    });
    expect(chooseContext({ kubeconfig: user('') }, {}).namespace).toBe('default');
  });

  it.each([
    [
      { context: 'x' },
      'Error in configuration: context was not found for specified context: x',
      'contexts in this kubeconfig: a, b',
    ],
    [{ cluster: 'x' }, 'no server found for cluster "x"', undefined],
    [{ user: 'x' }, 'auth info "x" does not exist', 'users in this kubeconfig: a, b'],
    // As in kubectl: with a namespace the message is another one.
    [
      { context: 'x', namespace: 'n' },
      'context "x" does not exist',
      'contexts in this kubeconfig: a, b',
    ],
    [
      { cluster: 'x', namespace: 'n' },
      'cluster "x" does not exist',
      'clusters in this kubeconfig: a, b',
    ],
  ])('%j: %s', (flags, message, next) => {
    const kubeconfig = config('a', ['a', 'b']);
    const problem = problemOf(() => chooseContext({ kubeconfig, ...flags }, {}));
    expect(problem.message).toBe(message);
    expect(problem.next[0]).toBe(next);
  });

  it('without a server uses kubectl’s default, with a warning that gives the reason', () => {
    for (const text of ['', '# nothing\n', '---\n', '{}', 'null', 'clusters: null']) {
      const kubeconfig = file(text);
      expect(chooseContext({ kubeconfig }, {})).toMatchObject({
        cluster: { server: 'http://localhost:8080' },
        warnings: [
          expect.stringContaining(
            `${kubeconfig} does not select a cluster: trying http://localhost:8080`,
          ),
        ],
      });
    }
    const missingFiles = file(
      '{current-context: c, contexts: [{name: c, context: {cluster: k, user: u}}]}',
    );
    expect(
      chooseContext({ kubeconfig: missingFiles }, { KUBERNETES_MASTER: 'http://m' }),
    ).toMatchObject({
      cluster: { server: 'http://m' },
      warnings: [
        expect.stringContaining(`the cluster "k" is not in ${missingFiles}: trying http://m`),
        `the user "u" is not in ${missingFiles}: continuing without credentials`,
      ],
    });
  });

  it("resolves file names relative to their file, and a plugin's command if it contains a folder", () => {
    const plugin = (command: string) =>
      `exec: {command: ${command}, apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never}`;
    const path = user(
      `client-certificate: c.pem, client-key: ${folder}/k.pem, tokenFile: ../t, ${plugin('./bin/login')}`,
      ', certificate-authority: ca.pem',
    );
    const own = join(path, '..');
    for (const name of [join(own, 'c.pem'), join(own, 'ca.pem'), join(folder, 'k.pem')])
      writeFileSync(name, '');
    const chosen = chooseContext({ kubeconfig: path }, {});
    expect(chosen.cluster['certificate-authority']).toBe(join(own, 'ca.pem'));
    expect(chosen.user).toMatchObject({
      'client-certificate': join(own, 'c.pem'),
      'client-key': join(folder, 'k.pem'),
      tokenFile: join(folder, 't'),
      exec: { command: join(own, 'bin/login') },
    });
    const onPath = user(plugin('login'));
    expect(chooseContext({ kubeconfig: onPath }, {}).user.exec?.command).toBe('login');
  });
});

describe('unusual YAML', () => {
  it.each([
    [
      'a byte order mark and Windows line endings',
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
      'contexts:\n- null\n- name: c\n  context: {cluster: k, user: ""}\n';
    expect(chooseContext({ kubeconfig: file(spoil(text)) }, {})).toMatchObject({
      cluster: { server: 'https://api' },
      user: {},
    });
  });

  it.each([
    ...['a: [', '\ta: 1', 'a: *nobody', '"', '[]', 'just text', 'clusters: nothing\nusers: 3\n'],
    ...['contexts: [junk]', 'users: [{name: 3}]', 'kind: Pod'],
  ])('broken: %j', (text) => {
    const kubeconfig = file(text);
    const problem = problemOf(() => chooseContext({ kubeconfig }, {}));
    expect(problem.message.startsWith(`error loading config file "${kubeconfig}": `)).toBe(true);
  });

  it('does not find entries with names of built-in object properties', () => {
    const kubeconfig = config('a', ['a']);
    expect(problemOf(() => chooseContext({ kubeconfig, context: '__proto__' }, {}))).toBeTruthy();
    expect(problemOf(() => chooseContext({ kubeconfig, user: 'constructor' }, {}))).toBeTruthy();
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
    ['token: "", exec: null', {}],
  ])('{%s}', async (fields, headers) => {
    expect(await (await accessOf(fields)).headers()).toEqual(headers);
  });

  it('a token file overrides a token, and is read again each time', async () => {
    const path = join(folder, 'token');
    writeFileSync(path, 'first\n');
    const { headers } = await accessOf(`tokenFile: ${path}, token: fixed`);
    expect(await headers()).toEqual({ authorization: 'Bearer first' });
    writeFileSync(path, 'second\n');
    expect(await headers()).toEqual({ authorization: 'Bearer second' });
    rmSync(path);
    await expect(headers()).resolves.toEqual({ authorization: 'Bearer second' });
  });

  it('data fields are decoded, files are read', async () => {
    const { authority, clients } = makeCertificates(folder);
    const [client] = clients;
    const base64 = (text: string) => Buffer.from(text).toString('base64');
    const both = await accessOf(
      `client-certificate: ${client.file}, client-key-data: ${base64(client.key)}`,
      `, certificate-authority-data: ${base64(authority.certificate)}`,
    );
    await both.headers();
    expect(both.tls).toMatchObject({
      ca: Buffer.from(authority.certificate),
      cert: Buffer.from(client.certificate),
      key: Buffer.from(client.key),
      rejectUnauthorized: true,
    });
    await expect(accessOf('tokenFile: /no/such')).rejects.toThrow(
      'open /no/such: no such file or directory',
    );
  });

  it.each([
    ['', true],
    [', insecure-skip-tls-verify: true', false],
    [', insecure-skip-tls-verify: null', true],
  ])('the server is verified unless configured otherwise: {%s}', async (cluster, verified) => {
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
      warnings: [],
    });
    expect(parsed.href).toBe(url);
    expect(tls.servername).toBe(servername);
  });

  it('an invalid address', async () => {
    const access = authenticate({
      cluster: { server: 'http://' },
      user: {},
      namespace: 'x',
      warnings: [],
    });
    await expect(access).rejects.toThrow('host must be a URL or a host:port pair: "http://"');
  });
});
