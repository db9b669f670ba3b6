import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { KubeApi } from '../../../src/kube/api.ts';
import { authenticate } from '../../../src/kube/authentication.ts';
import { exec } from '../../../src/kube/exec.ts';
import { makeCertificates, type TestCertificates } from './certificates.ts';
import { type ExecServer, execServer } from './execServer.ts';
import { httpProxy, socksProxy, type TestProxy } from './proxies.ts';

let folder = '';
let certificates: TestCertificates;
let server: ExecServer;
let proxies: Record<'http' | 'https' | 'socks5', TestProxy>;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'netdebug-proxies-'));
  certificates = makeCertificates(folder);
  server = await execServer(certificates);
  const target = () => server.port;
  proxies = {
    http: await httpProxy(target),
    https: await httpProxy(target, certificates),
    socks5: await socksProxy(target),
  };
});
afterAll(() => {
  for (const listener of [server, ...Object.values(proxies)]) listener.close();
  rmSync(folder, { recursive: true });
});

async function connect(proxyUrl: string, name = 'kubernetes.default'): Promise<KubeApi> {
  const access = await authenticate({
    cluster: {
      server: `https://${name}`,
      'certificate-authority': certificates.authority.file,
      'proxy-url': proxyUrl,
    },
    user: { token: 'first' },
    namespace: 'x',
    warnings: [],
  });
  const api = new KubeApi(access);
  onTestFinished(() => api.close());
  return api;
}

/** Sends `input` through a command that echoes it, and returns the output. */
async function echo(api: KubeApi, input: string): Promise<string> {
  const stream = await exec(api.access, {
    namespace: 'x',
    pod: 'p',
    container: 'c',
    command: ['cat'],
    stdin: true,
  });
  stream.stdin.end(input);
  const output = await text(stream.stdout);
  expect(await stream.exit).toBe(0);
  return output;
}

describe('a websocket uses the same path as requests', () => {
  it.each(['http', 'https', 'socks5'] as const)('through a proxy for %s', async (kind) => {
    const proxy = proxies[kind];
    proxy.requests.length = 0;
    const api = await connect(`${kind}://me:p%40ss@127.0.0.1:${proxy.port}`);
    await api.get('/api/v1/pods');
    const megabyte = 'x'.repeat(1024 * 1024);
    expect(await echo(api, megabyte)).toBe(megabyte);
    // The exec took over the tunnel of the request; a second one needs its own.
    expect(proxy.requests).toEqual(['kubernetes.default:443 me:p@ss']);
    expect(await echo(api, 'again')).toBe('again');
    expect(proxy.requests.length).toBe(2);
  });

  it.each(['[2001:db8::1]', '192.0.2.1'])('to the address %s', async (address) => {
    proxies.socks5.requests.length = 0;
    const api = await connect(`socks5://127.0.0.1:${proxies.socks5.port}`, address);
    await expect(api.get('/')).rejects.toThrow(/certificate is valid for 127.0.0.1, not /);
    const bytes = address.startsWith('[') ? '32.1.13.184.0.0.0.0.0.0.0.0.0.0.0.1' : address;
    expect(proxies.socks5.requests).toEqual([`${bytes}:443`]);
  });

  it('an error names an unreachable proxy, and the setting for proxies', async () => {
    for (const scheme of ['http', 'socks5']) {
      const api = await connect(`${scheme}://127.0.0.1:1`);
      await expect(api.get('/')).rejects.toMatchObject({
        message: expect.stringMatching(/^Unable to connect to the server: .*ECONNREFUSED/),
        next: expect.arrayContaining([expect.stringContaining(`${scheme}://127.0.0.1:1`)]),
      });
      await expect(echo(api, '')).rejects.toThrow(/ECONNREFUSED/);
    }
  });

  it('no error contains a password', async () => {
    for (const scheme of ['http', 'socks5']) {
      const proxy = scheme === 'http' ? proxies.http : proxies.socks5;
      const api = await connect(`${scheme}://wrong:wrong@127.0.0.1:${proxy.port}`);
      const error = await api.get('/').catch((thrown: unknown) => thrown);
      expect(JSON.stringify(error) + String(error)).toMatch(/authentication/i);
      expect(JSON.stringify(error) + String(error)).not.toContain('wrong');
    }
  });
});
