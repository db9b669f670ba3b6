import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { load } from 'js-yaml';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { oidc } from './cases.ts';
import {
  lastLines,
  ourClient,
  type ProgramResult,
  runProgram,
  upstreamKubectl,
} from './clients.ts';
import { kubeconfigOf, startWorld, type World } from './world.ts';

/** An identity provider: its requests, and its answer. */
interface Provider {
  readonly port: number;
  readonly requests: { path: string; form: string; authorization: string | undefined }[];
  answer: { status: number; body: object };
  /** Accepts the client's name and secret only in the form. */
  formOnly: boolean;
  close(): void;
}

let world: World;
let provider: Provider;
let ours: ReturnType<typeof ourClient>;
beforeAll(async () => {
  world = await startWorld();
  provider = await identityProvider(world);
  ours = ourClient();
});
afterAll(() => {
  ours.close();
  provider.close();
  world.close();
});

async function identityProvider({ certificates: { server: own } }: World): Promise<Provider> {
  const server = createServer(
    { key: own.key, cert: own.certificate },
    async (request, response) => {
      const form = await text(request);
      const { authorization } = request.headers;
      const path = request.url ?? '';
      if (path.endsWith('/.well-known/openid-configuration'))
        response.end(JSON.stringify({ token_endpoint: `https://127.0.0.1:${running.port}/token` }));
      else {
        running.requests.push({
          path,
          form: [...new URLSearchParams(form)].sort().join(' '),
          authorization,
        });
        const refused = running.formOnly && authorization !== undefined;
        response.writeHead(refused ? 401 : running.answer.status, {
          'content-type': 'application/json',
        });
        response.end(JSON.stringify(refused ? { error: 'invalid_client' } : running.answer.body));
      }
    },
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const running: Provider = {
    port: (server.address() as AddressInfo).port,
    requests: [],
    answer: { status: 200, body: {} },
    formOnly: false,
    close: () => server.close(),
  };
  return running;
}

const FRESH = (
  oidc(Date.now() / 1000 + 3600)['auth-provider'] as { config: { 'id-token': string } }
).config['id-token'];

let folders = 0;
/** A kubeconfig in its own folder, whose id token has expired. */
function kubeconfig(more: Record<string, string> = {}): string {
  folders += 1;
  const folder = join(world.folder, `oidc-${folders}`);
  mkdirSync(folder);
  const user = oidc(1, {
    'idp-issuer-url': `https://127.0.0.1:${provider.port}/issuer/`,
    'idp-certificate-authority': world.certificates.authority.file,
    'client-secret': 's&cret',
    'refresh-token': 'refresh-1',
    ...more,
  });
  const file = join(folder, 'config');
  const others = [{ name: 'other', user: { token: 'stays' } }];
  writeFileSync(file, kubeconfigOf(world, user, { others }), { mode: 0o600 });
  return file;
}

/** Runs both clients with a kubeconfig each; returns what they requested, sent, saved and printed. */
async function both(more: Record<string, string> = {}, before: (file: string) => void = () => {}) {
  const cache = ['--cache-dir', join(world.folder, 'cache')];
  const observed = async (run: (file: string) => Promise<ProgramResult>) => {
    const file = kubeconfig(more);
    before(file);
    provider.requests.length = 0;
    world.server.arrived.length = 0;
    const message = lastLines(await run(file)).replaceAll(file, 'FILE');
    await world.quiet();
    const { users } = load(readFileSync(file, 'utf8')) as { users: unknown };
    return {
      message,
      requests: [...provider.requests],
      authorization: world.server.arrived.at(-1)?.authorization,
      users,
      mode: statSync(file).mode & 0o777,
    };
  };
  const env = (file: string) => ({ PATH: '/usr/bin:/bin', HOME: world.folder, KUBECONFIG: file });
  const kubectl = await observed((file) =>
    runProgram(upstreamKubectl(), {
      args: ['get', 'pods', 'pod-1', ...cache],
      env: env(file),
      cwd: world.folder,
    }),
  );
  const us = await observed((file) =>
    ours.run({ args: ['ports', 'pod-1'], env: env(file), cwd: world.folder }),
  );
  return { kubectl, us };
}

describe.skipIf(!upstreamKubectl())('an expired id token', () => {
  beforeEach(() => {
    provider.formOnly = false;
    provider.answer = {
      status: 200,
      body: { id_token: FRESH, access_token: 'x', token_type: 'Bearer' },
    };
  });

  it('is renewed and saved where kubectl saves it', async () => {
    const { kubectl, us } = await both();
    expect(us).toEqual(kubectl);
    expect(us.authorization).toBe(`Bearer ${FRESH}`);
    expect(JSON.stringify(us.users)).toContain(FRESH);
    expect(JSON.stringify(us.users)).toContain('refresh-1');
  });

  it('with another refresh token, because many providers accept one only once', async () => {
    Object.assign(provider.answer.body, { refresh_token: 'refresh-2' });
    const { kubectl, us } = await both();
    expect(us).toEqual(kubectl);
    expect(JSON.stringify(us.users)).toContain('refresh-2');
  });

  it("from a provider that requires the client's name in the form", async () => {
    provider.formOnly = true;
    const { kubectl, us } = await both();
    expect(us).toEqual(kubectl);
    expect(us.requests.length).toBe(2);
    expect(us.authorization).toBe(`Bearer ${FRESH}`);
  });

  it.each<[string, () => void, Record<string, string>]>([
    [
      'from a provider that returns none',
      () => Object.assign(provider.answer, { body: { access_token: 'x' } }),
      {},
    ],
    ['without a refresh token', () => {}, { 'refresh-token': '' }],
    ['is not required if there is a refresh token', () => {}, { 'id-token': '' }],
  ])('%s', async (_, change, more) => {
    change();
    const { kubectl, us } = await both(more);
    expect(us).toEqual(kubectl);
  });

  it('refused by the provider', async () => {
    provider.answer = { status: 400, body: { error: 'invalid_grant' } };
    const { kubectl, us } = await both();
    for (const { message } of [kubectl, us])
      expect(message).toMatch(
        /^Unable to connect to the server: failed to refresh token: oauth2: /,
      );
  });

  it('is not saved while another client is saving', async () => {
    const { kubectl, us } = await both({}, (file) => writeFileSync(`${file}.lock`, ''));
    expect(us).toEqual(kubectl);
    expect(us.message).toMatch(/could not persist new tokens: open FILE.lock: file exists$/);
  });

  it('leaves no lock behind', async () => {
    await both();
    expect(existsSync(join(world.folder, `oidc-${folders}`, 'config.lock'))).toBe(false);
  });
});
