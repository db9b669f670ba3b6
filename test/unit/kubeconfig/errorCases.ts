import { oidc } from './cases.ts';
import type { World } from './world.ts';

/** A kubeconfig with an error, or flags with one. */
export interface ErrorCase {
  readonly name: string;
  readonly cluster?: object;
  readonly user?: object;
  readonly context?: object;
  /** Written unchanged, instead of a kubeconfig with those three. */
  readonly text?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The answer of the server. */
  readonly refusal?: number;
  /** Where the decoder's message begins, which differs between kubectl and netdebug: not compared. */
  readonly until?: RegExp;
}

/** Debian has a program named login. */
const plugin = (fields: object, command = 'login-plugin') => ({
  exec: {
    apiVersion: 'client.authentication.k8s.io/v1',
    interactiveMode: 'Never',
    command,
    ...fields,
  },
});
/** A plugin that prints a text. */
const printing = (text: string) => plugin({ args: ['-c', `printf %s '${text}'`] }, 'sh');
const credential = (version: string, status: object) =>
  printing(
    JSON.stringify({
      apiVersion: `client.authentication.k8s.io/${version}`,
      kind: 'ExecCredential',
      status,
    }),
  );

/** Common mistakes, and answers of servers and proxies. */
export function errorCases({ certificates, server, plainServer, proxies }: World): ErrorCase[] {
  const [client, other] = certificates.clients;
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const authority = { 'certificate-authority': certificates.authority.file };
  const decoder = /(?<=error loading config file "[^"]*": )/;
  return [
    { name: 'no such --kubeconfig', args: ['--kubeconfig', '/no/such'] },
    { name: 'a folder as --kubeconfig', args: ['--kubeconfig', '/tmp'] },
    { name: 'no kubeconfig at all', env: { KUBECONFIG: '/no/such:/nor/this' } },
    { name: 'an empty one', text: '' },
    { name: 'KUBERNETES_MASTER', text: '', env: { KUBERNETES_MASTER: 'http://127.0.0.1:1' } },
    { name: 'broken YAML', text: 'a: [', until: decoder },
    { name: 'a list', text: '[]', until: decoder },
    { name: 'another kind', text: 'kind: Pod', until: / in scheme|$/ },
    { name: 'a number as server', cluster: { server: 3 } },
    { name: 'a number as token', user: { token: 123 } },
    { name: 'a text as bool', cluster: { 'insecure-skip-tls-verify': 'true' } },
    { name: 'a text as list', text: 'clusters: nothing' },
    { name: 'no base64', cluster: { 'certificate-authority-data': '%%' }, until: / at / },
    { name: 'one name twice', text: '{users: [{name: u}, {name: u}]}', until: decoder },
    { name: 'a context that is not there', text: 'current-context: x' },
    { name: '--context', args: ['--context', 'x'] },
    { name: '--context twice', args: ['--context', 'x', '--context', 'main'] },
    { name: '--context with -n', args: ['--context', 'x', '-n', 'y'] },
    { name: '--cluster', args: ['--cluster', 'x'] },
    { name: '--cluster with -n', args: ['--cluster', 'x', '-n', 'y'] },
    { name: '--user', args: ['--user', 'x'] },
    { name: 'a cluster that is not there', context: { cluster: 'x' } },
    { name: '--as-group without --as', args: ['--as-group', 'g'] },
    { name: '--as-uid without --as', args: ['--as-uid', 'g'] },
    { name: 'as-groups without as', user: { 'as-groups': ['g'] } },
    { name: '--username beside a token', args: ['--username', 'me'] },
    { name: 'a certificate without key', user: { 'client-certificate': client.file } },
    {
      name: 'a certificate in both forms',
      user: {
        'client-certificate': client.file,
        'client-certificate-data': base64(client.certificate),
        'client-key': client.keyFile,
        'client-key-data': base64(client.key),
      },
    },
    {
      name: '--client-certificate over data',
      user: {
        'client-certificate-data': base64(client.certificate),
        'client-key-data': base64(client.key),
      },
      args: ['--client-certificate', other.file, '--client-key', other.keyFile],
    },
    { name: 'no such certificate', args: ['--client-certificate', '/no', '--client-key', 'no'] },
    {
      name: 'a certificate that is none',
      user: { 'client-certificate-data': base64('x'), 'client-key-data': base64('x') },
    },
    {
      name: 'a key that is none',
      user: {
        'client-certificate-data': base64(client.certificate),
        'client-key-data': base64('x'),
      },
    },
    {
      name: 'the key of another certificate',
      user: { 'client-certificate': client.file, 'client-key': other.keyFile },
    },
    { name: 'no such token file', user: { tokenFile: '/no/token' } },
    { name: 'no such authority', cluster: { 'certificate-authority': '/no/ca' } },
    { name: 'an authority that is none', cluster: { 'certificate-authority-data': base64('x') } },
    {
      name: 'an authority in both forms',
      cluster: { ...authority, 'certificate-authority-data': base64('x') },
    },
    {
      name: 'insecure with an authority',
      cluster: { ...authority, 'insecure-skip-tls-verify': true },
    },
    {
      name: '--insecure-skip-tls-verify with --certificate-authority',
      args: ['--insecure-skip-tls-verify', '--certificate-authority', certificates.authority.file],
    },
    { name: 'a stranger', cluster: { 'certificate-authority': certificates.stranger.file } },
    { name: 'no authority', cluster: { 'certificate-authority': '' } },
    { name: 'another name', cluster: { 'tls-server-name': 'other.example' } },
    {
      name: 'a proxied name that the certificate lacks',
      cluster: {
        server: 'https://nowhere.example',
        'proxy-url': `http://127.0.0.1:${proxies.http.port}`,
      },
    },
    {
      name: 'a proxied address that the certificate lacks',
      cluster: {
        server: 'https://10.0.0.1',
        'proxy-url': `http://127.0.0.1:${proxies.http.port}`,
      },
    },
    { name: 'a server that is not there', args: ['--server', 'https://127.0.0.1:1'] },
    { name: 'a name that is none', args: ['--server', 'https://a b'] },
    { name: 'a scheme that is none', args: ['--server', 'ftp://127.0.0.1'] },
    { name: 'a host without scheme', args: ['--server', `127.0.0.1:${plainServer.port}`] },
    { name: 'a token over plain HTTP', args: ['--server', `http://127.0.0.1:${plainServer.port}`] },
    { name: 'TLS to a plain server', args: ['--server', `https://127.0.0.1:${plainServer.port}`] },
    { name: '401', refusal: 401 },
    { name: '--request-timeout', args: ['--request-timeout', 'soon'] },
    { name: '--request-timeout with a number', args: ['--request-timeout', '5'] },
    { name: '--request-timeout with a duration', args: ['--request-timeout', '1m2.5s'] },
    { name: 'a proxy of no known kind', cluster: { 'proxy-url': 'ftp://127.0.0.1' } },
    {
      name: 'a proxy that wants another password',
      cluster: { 'proxy-url': `http://wrong:wrong@127.0.0.1:${proxies.http.port}` },
    },
    {
      name: 'a socks proxy that wants another password',
      cluster: { 'proxy-url': `socks5://wrong:wrong@127.0.0.1:${proxies.socks.port}` },
      until: /(?<=socks connect tcp )/,
    },
    {
      name: 'NO_PROXY with the name',
      cluster: { server: `https://unknown.invalid:${server.port}` },
      env: { HTTPS_PROXY: `127.0.0.1:${proxies.http.port}`, NO_PROXY: 'x, .INVALID' },
      until: / on |: no such/,
    },
    { name: 'a plugin that is not installed', user: plugin({ installHint: 'get it' }) },
    { name: 'a plugin that is not there', user: plugin({}, '/no/login') },
    { name: 'a plugin that fails', user: plugin({ args: ['-c', 'exit 3'] }, 'sh') },
    { name: 'a plugin that needs a terminal', user: plugin({ interactiveMode: 'Always' }) },
    { name: 'a plugin without mode', user: plugin({ interactiveMode: '' }) },
    { name: 'a plugin of another mode', user: plugin({ interactiveMode: 'Sometimes' }) },
    { name: 'a plugin without version', user: plugin({ apiVersion: '', interactiveMode: '' }) },
    { name: 'a plugin without command', user: plugin({ command: '' }) },
    {
      name: 'a plugin of an old version',
      user: plugin({ apiVersion: 'client.authentication.k8s.io/v1alpha1' }),
    },
    { name: 'a plugin with a nameless variable', user: plugin({ env: [{ value: 'x' }] }) },
    {
      name: 'a plugin that prints no JSON',
      user: printing('hi'),
      until: /(?<=json parse error: )/,
    },
    { name: 'a plugin that prints another version', user: credential('v1beta1', { token: 'x' }) },
    { name: 'a plugin that gives nothing', user: credential('v1', {}) },
    {
      name: 'a plugin without status',
      user: printing('{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential"}'),
    },
    {
      name: 'a plugin that gives a certificate alone',
      user: credential('v1', { clientCertificateData: client.certificate }),
    },
    { name: 'a plugin and a provider', user: { ...plugin({}), 'auth-provider': { name: 'oidc' } } },
    { name: 'a provider that is none', user: { 'auth-provider': { name: 'acme' } } },
    { name: 'oidc without issuer', user: { 'auth-provider': { name: 'oidc', config: {} } } },
    {
      name: 'oidc without client',
      user: { 'auth-provider': { name: 'oidc', config: { 'idp-issuer-url': 'https://x' } } },
    },
    { name: 'oidc that has ended', user: oidc(1) },
    { name: 'oidc with no token', user: oidc(1, { 'id-token': 'x' }) },
  ];
}
