import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Dimensions } from './pairwise.ts';
import type { World } from './world.ts';

export const DIMENSIONS = {
  files: ['KUBECONFIG', 'a list with duplicates', 'split', '--kubeconfig', 'home', 'relative'],
  choice: ['current', '--context', '--cluster', '--user', '--server'],
  trust: [
    'ca file',
    'ca data',
    'insecure',
    '--certificate-authority',
    '--insecure-skip-tls-verify',
    'tls-server-name',
    '--tls-server-name',
    'SSL_CERT_FILE',
    'SSL_CERT_DIR',
  ],
  user: [
    'token',
    'token file',
    'token and token file',
    'certificate files',
    'certificate data',
    'certificate and token',
    'password',
    'plugin token',
    'plugin v1beta1',
    'plugin certificate',
    'plugin and --token',
    '--token over a file',
    '--client-certificate',
    '--username',
    'oidc',
  ],
  impersonation: ['nobody', 'as', '--as', 'all flags', 'both'],
  namespace: ['none', 'context', '-n', 'both'],
  proxy: ['none', 'http', 'https', 'socks5', 'HTTPS_PROXY', 'https_proxy', 'HTTPS_PROXY socks5'],
} as const satisfies Dimensions;

type Choice = { readonly [name in keyof typeof DIMENSIONS]: string };

/** Arguments, environment and folder of a client. */
export interface Case {
  readonly args: string[];
  readonly env: Record<string, string>;
  readonly cwd: string;
}

type Fields = Record<string, unknown>;

/** Writes the files of a case to `folder` and returns how to start a client. */
export function prepare(world: World, folder: string, choice: Choice): Case {
  const args: string[] = [];
  const env: Record<string, string> = { PATH: '/usr/bin:/bin', HOME: join(folder, 'home') };
  // Environment variables cannot set a proxy for localhost, so a name is used that only the proxy can resolve.
  const host = /^https?_proxy/i.test(choice.proxy) ? 'kubernetes.default' : '127.0.0.1';
  const address = (path: string) => `https://${host}:${world.server.port}/${path}`;
  const configFolder = choice.files === 'split' ? join(folder, 'users') : folderOf(choice, folder);
  const user = userOf(world, configFolder, choice, args);
  const config = {
    'current-context': 'main',
    clusters: ['one', 'two'].map((name) => ({
      name,
      cluster: clusterOf(world, folder, choice, address(name)),
    })),
    users: [
      { name: 'first', user: { ...user, ...impersonated(choice, args) } },
      { name: 'second', user: { token: 'of-second' } },
    ],
    contexts: ['main', 'other'].map((name) => ({
      name,
      context: {
        cluster: name === 'main' ? 'one' : 'two',
        user: 'first',
        ...(['context', 'both'].includes(choice.namespace) && { namespace: `ns-${name}` }),
      },
    })),
  };
  for (const flag of trustFlags(world, choice)) args.push(flag);
  if (choice.choice === '--context') args.push('--context', 'other');
  if (choice.choice === '--cluster') args.push('--cluster', 'two');
  if (choice.choice === '--user' && !args.some((arg) => /token|username|client/.test(arg)))
    args.push('--user', 'second');
  if (choice.choice === '--server') args.push('--server', address('flag'));
  if (['-n', 'both'].includes(choice.namespace)) args.push('-n', 'ns-flag');
  trustVariables(world, folder, choice, env);
  proxyVariables(world, choice, env);
  writeFiles(folder, choice, config, env, args);
  return { args, env, cwd: folder };
}

function folderOf({ files }: Choice, folder: string): string {
  return join(folder, { home: 'home/.kube', relative: 'sub' }[files] ?? 'etc');
}

/** A kubeconfig is YAML, and JSON is YAML. */
function write(file: string, content: unknown): string {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

function writeFiles(
  folder: string,
  choice: Choice,
  config: { clusters: unknown[]; users: unknown[]; contexts: unknown[] } & Fields,
  env: Record<string, string>,
  args: string[],
): void {
  const own = join(folderOf(choice, folder), 'config');
  switch (choice.files) {
    case 'KUBECONFIG':
      env.KUBECONFIG = write(own, config);
      break;
    case 'a list with duplicates': {
      const later = {
        'current-context': 'other',
        clusters: [{ name: 'one', cluster: { server: 'https://127.0.0.1:1' } }],
        users: [{ name: 'first', user: { token: 'of-the-later-file', username: 'both' } }],
        contexts: [
          { name: 'main', context: { cluster: 'two', user: 'second', namespace: 'later' } },
          ...config.contexts.slice(1),
        ],
      };
      const first = { ...config, contexts: config.contexts.slice(0, 1) };
      env.KUBECONFIG = [
        '/no/such/file',
        write(own, first),
        write(join(folder, 'later'), later),
        own,
      ].join(':');
      break;
    }
    case 'split': {
      const { clusters, users, contexts } = config;
      env.KUBECONFIG = [
        write(join(folder, 'contexts', 'config'), { contexts }),
        write(join(folder, 'users', 'config'), { users, 'current-context': 'main' }),
        write(own, { clusters, 'current-context': 'other' }),
      ].join(':');
      break;
    }
    case '--kubeconfig':
      env.KUBECONFIG = write(join(folder, 'not-read'), 'a: [');
      args.push('--kubeconfig', write(own, config));
      break;
    case 'relative':
      write(own, config);
      env.KUBECONFIG = ':sub/config:';
      break;
    default:
      write(own, config);
  }
}

function clusterOf(world: World, folder: string, choice: Choice, server: string): Fields {
  const { authority, stranger } = world.certificates;
  const proxy = {
    http: `http://me:secret@127.0.0.1:${world.proxies.http.port}`,
    https: `https://127.0.0.1:${world.proxies.https.port}`,
    socks5: `socks5://me:secret@127.0.0.1:${world.proxies.socks.port}`,
  }[choice.proxy];
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const trust: Fields = {
    'ca file': () => {
      write(join(folderOf(choice, folder), 'pki', 'ca.crt'), authority.certificate);
      return { 'certificate-authority': 'pki/ca.crt' };
    },
    insecure: () => ({ 'insecure-skip-tls-verify': true }),
    '--certificate-authority': () => ({
      'certificate-authority-data': base64(stranger.certificate),
      'insecure-skip-tls-verify': false,
    }),
    '--insecure-skip-tls-verify': () => ({ 'certificate-authority': stranger.file }),
    'tls-server-name': () => ({
      'certificate-authority-data': base64(authority.certificate),
      'tls-server-name': 'kubernetes',
    }),
    '--tls-server-name': () => ({
      'certificate-authority-data': base64(authority.certificate),
      'tls-server-name': 'wrong',
    }),
    SSL_CERT_FILE: () => ({}),
    SSL_CERT_DIR: () => ({}),
  };
  const chosen = trust[choice.trust] as (() => Fields) | undefined;
  return {
    server,
    ...(chosen?.() ?? { 'certificate-authority-data': base64(authority.certificate) }),
    ...(proxy && { 'proxy-url': proxy }),
  };
}

function trustFlags(world: World, { trust }: Choice): string[] {
  if (trust === '--certificate-authority') return [trust, world.certificates.authority.file];
  if (trust === '--insecure-skip-tls-verify') return [trust];
  return trust === '--tls-server-name' ? [trust, 'kubernetes'] : [];
}

/** The system's trust, which counts if the kubeconfig names no authority. */
function trustVariables(
  world: World,
  folder: string,
  { trust }: Choice,
  env: Record<string, string>,
): void {
  const { authority, stranger } = world.certificates;
  if (trust === 'SSL_CERT_FILE') env.SSL_CERT_FILE = authority.file;
  if (trust === 'SSL_CERT_DIR') {
    const trusted = join(folder, 'trusted');
    write(join(trusted, 'one.pem'), stranger.certificate);
    write(join(trusted, 'two.pem'), `a comment\n${authority.certificate}`);
    env.SSL_CERT_DIR = `/no/such/folder:${trusted}`;
  }
}

/** The first user's entry; its files are written to `folder`, next to the kubeconfig. */
function userOf(world: World, folder: string, choice: Choice, args: string[]): Fields {
  const [first, two] = world.certificates.clients;
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const data = {
    'client-certificate-data': base64(first.certificate),
    'client-key-data': base64(first.key),
  };
  const tokenFile = () => {
    write(join(folder, 'secrets', 'token'), ' of-the-file\n');
    return { tokenFile: 'secrets/token' };
  };
  switch (choice.user) {
    case 'token file':
      return tokenFile();
    case 'token and token file':
      return { ...tokenFile(), token: 'of-the-entry' };
    case 'certificate files':
      write(join(folder, 'client.crt'), first.certificate);
      return { 'client-certificate': './client.crt', 'client-key': first.keyFile };
    case 'certificate data':
      return data;
    case 'certificate and token':
      return { ...data, token: 'beside' };
    case 'password':
      return { username: 'me', password: 'p:w' };
    case 'plugin token':
      return plugin(folder, 'v1', { token: 'of-the-plugin' }, { provideClusterInfo: true });
    case 'plugin v1beta1':
      return plugin(folder, 'v1beta1', { token: 'of-the-plugin' });
    case 'plugin certificate':
      return plugin(folder, 'v1', {
        clientCertificateData: two.certificate,
        clientKeyData: two.key,
        expirationTimestamp: new Date(Date.now() + 3_600_000).toISOString(),
      });
    case 'plugin and --token':
      args.push('--token', 'of-the-flag');
      return plugin(folder, 'v1', { token: 'of-the-plugin' });
    case '--token over a file':
      args.push('--token', 'of-the-flag');
      return tokenFile();
    case '--client-certificate':
      args.push('--client-certificate', two.file, '--client-key', two.keyFile);
      return { 'client-certificate': first.file, 'client-key': first.keyFile };
    case '--username':
      args.push('--username', 'you', '--password', 'again');
      return { username: 'me', password: 'p:w' };
    case 'oidc':
      return oidc(Date.now() / 1000 + 3600);
    default:
      return { token: 'of-the-entry' };
  }
}

/** A plugin next to the kubeconfig that records its input. */
function plugin(folder: string, version: string, status: object, more: object = {}): Fields {
  const apiVersion = `client.authentication.k8s.io/${version}`;
  const credential = { apiVersion, kind: 'ExecCredential', status };
  const script = `#!/bin/sh\nprintf '%s\\n' "$KUBERNETES_EXEC_INFO" "$WITH $*" >>"$0.told"\ncat <<'END'\n${JSON.stringify(credential)}\nEND\n`;
  chmodSync(write(join(folder, 'bin', 'login'), script), 0o755);
  return {
    exec: {
      apiVersion,
      command: 'bin/login',
      args: ['--as', 'two words'],
      env: [{ name: 'WITH', value: 'a variable' }],
      ...(version === 'v1' && { interactiveMode: 'IfAvailable' }),
      ...more,
    },
  };
}

export function oidc(expires: number, more: Record<string, string> = {}): Fields {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const config = {
    'idp-issuer-url': 'https://127.0.0.1:1',
    'client-id': 'kubectl',
    'id-token': `${part({ alg: 'none' })}.${part({ exp: Math.floor(expires) })}.c2ln`,
    ...more,
  };
  return { 'auth-provider': { name: 'oidc', config } };
}

function impersonated({ impersonation }: Choice, args: string[]): Fields {
  const entry = {
    as: 'entry',
    'as-groups': ['g1', 'g2'],
    'as-uid': '7',
    'as-user-extra': { 'acme.org/team': ['a', 'b'], plain: ['x'] },
  };
  if (impersonation === '--as' || impersonation === 'both') args.push('--as', 'flag:user');
  if (impersonation === 'all flags')
    args.push('--as', 'flag', '--as-group', 'f1', '--as-group=f2', '--as-uid', '8');
  if (impersonation === 'all flags' || impersonation === 'both')
    args.push(
      '--as-user-extra',
      'plain=y',
      '--as-user-extra=50%/é=a=b',
      '--as-user-extra',
      'plain=z',
    );
  return ['as', 'both'].includes(impersonation) ? entry : {};
}

function proxyVariables(world: World, { proxy }: Choice, env: Record<string, string>): void {
  const { http, socks } = world.proxies;
  if (proxy === 'HTTPS_PROXY') env.HTTPS_PROXY = `http://you:s%20t@127.0.0.1:${http.port}`;
  if (proxy === 'https_proxy') env.https_proxy = `127.0.0.1:${http.port}`;
  if (proxy === 'HTTPS_PROXY socks5') env.HTTPS_PROXY = `socks5://127.0.0.1:${socks.port}`;
  // Set by a variable, but the kubeconfig's proxy overrides it.
  if (proxy === 'http') env.HTTPS_PROXY = 'http://127.0.0.1:1';
  env.NO_PROXY = 'example.com,10.0.0.0/8,kubernetes.default:1';
}
