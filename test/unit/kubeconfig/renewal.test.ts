import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { KubeApi } from '../../../src/kube/api.ts';
import { authenticate } from '../../../src/kube/authentication.ts';
import { type ExecStream, exec } from '../../../src/kube/exec.ts';
import type { UserEntry } from '../../../src/kube/kubeconfigEntries.ts';
import { watch } from '../../../src/kube/watch.ts';
import { makeCertificates, type TestCertificates } from './certificates.ts';
import { type ExecServer, execServer } from './execServer.ts';

let folder = '';
let certificates: TestCertificates;
let server: ExecServer;
let api: KubeApi | undefined;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'netdebug-renewal-'));
  certificates = makeCertificates(folder);
  server = await execServer(certificates);
});
afterEach(() => {
  api?.close();
  server.close();
  rmSync(folder, { recursive: true });
});

async function connect(user: UserEntry): Promise<KubeApi> {
  const cluster = {
    server: `https://127.0.0.1:${server.port}`,
    'certificate-authority': certificates.authority.file,
  };
  api = new KubeApi(await authenticate({ cluster, user, namespace: 'x', warnings: [] }));
  return api;
}

/** A plugin that returns the token in a file, and counts its runs. */
function plugin(): UserEntry {
  const script = `echo run >>${folder}/runs; printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s"}}' "$(cat ${folder}/token)"`;
  return {
    exec: {
      apiVersion: 'client.authentication.k8s.io/v1',
      interactiveMode: 'Never',
      command: 'sh',
      args: ['-c', script],
    },
  };
}
const runs = () => readFileSync(join(folder, 'runs'), 'utf8').split('\n').length - 1;
const give = (token: string) => writeFileSync(join(folder, 'token'), token);

const start = ({ access }: KubeApi): Promise<ExecStream> =>
  exec(access, { namespace: 'x', pod: 'p', container: 'c', command: ['cat'], stdin: true });

async function echoed(stream: ExecStream, word: string): Promise<string> {
  stream.stdin.write(word);
  for await (const chunk of stream.stdout.iterator({ destroyOnReturn: false }))
    return String(chunk);
  return '';
}

describe('a token that expires during a capture', () => {
  it.each<[string, () => UserEntry, number | undefined]>([
    ['from a credential plugin', plugin, 2],
    ['from a token file', () => ({ tokenFile: join(folder, 'token') }), undefined],
  ])('%s is renewed for requests, watches and execs alike', async (_, user, expectedRuns) => {
    give('first');
    const api = await connect(user());
    const capture = await start(api);
    expect(await echoed(capture, 'packets')).toBe('packets');
    const end = new AbortController();
    const events = watch<{ metadata: { name: string } }>(api, { path: '/w', signal: end.signal });
    expect(await events.next()).toMatchObject({ value: { type: 'RESTARTED' } });
    expect(await events.next()).toMatchObject({ value: { type: 'ADDED' } });

    server.token = 'second';
    give('second');
    server.endWatches();
    expect(await events.next()).toMatchObject({ value: { type: 'ADDED' } });
    await api.get('/r');
    const resumed = await start(api);
    expect(await echoed(resumed, 'more')).toBe('more');
    expect(await echoed(capture, 'still')).toBe('still');
    if (expectedRuns !== undefined) expect(runs()).toBe(expectedRuns);
    end.abort();
    await expect(events.next()).rejects.toThrow();
    capture.close();
    resumed.close();
  });

  it('is renewed by a request or by an exec', async () => {
    give('first');
    const api = await connect(plugin());
    await api.get('/r');
    server.token = 'second';
    give('second');
    (await start(api)).close();
    server.token = 'third';
    give('third');
    await api.get('/r');
    expect(server.log).toEqual(['200 GET /r', '401 exec', '101 exec', '401 GET /r', '200 GET /r']);
    expect(runs()).toBe(3);
  });

  it('is requested once, not repeatedly', async () => {
    give('first');
    const api = await connect(plugin());
    server.token = 'never given';
    await expect(api.get('/r')).rejects.toThrow('You must be logged in to the server');
    expect(server.log).toEqual(['401 GET /r']);
    expect(runs()).toBe(2);
    // For a while after that the plugin is not run at all.
    give('other');
    await expect(start(api)).rejects.toMatchObject({ kind: 'unauthenticated' });
    expect(server.log.slice(1)).toEqual(['401 exec']);
    expect(runs()).toBe(2);
  });

  it('is renewed once by requests that are refused together', async () => {
    give('first');
    const api = await connect(plugin());
    await api.get('/r');
    server.token = 'second';
    give('second');
    await Promise.all(Array.from({ length: 8 }, () => api.get('/r')));
    expect(runs()).toBe(2);
  });

  it('cannot be renewed if it is fixed', async () => {
    const api = await connect({ token: 'old' });
    await expect(api.get('/r')).rejects.toMatchObject({ code: 401 });
    expect(server.log).toEqual(['401 GET /r']);
  });

  it('is not requested after the user’s Ctrl-C, which is not a failure of the plugin', async () => {
    const interrupt = new AbortController();
    const api = await connect({
      exec: { ...plugin().exec, args: ['-c', 'sleep 0.2; exit 1'] },
    });
    const response = api.get('/r', { signal: interrupt.signal });
    interrupt.abort(new Error('Ctrl-C'));
    await expect(response).rejects.toThrow('Ctrl-C');
  });

  it('reports the reason if its plugin fails then', async () => {
    give('first');
    const api = await connect(plugin());
    await api.get('/r');
    server.token = 'second';
    vi.stubEnv('PATH', '/nowhere');
    await expect(api.get('/r')).rejects.toThrow(
      /getting credentials: exec: executable sh not found/,
    );
    vi.unstubAllEnvs();
  });
});
