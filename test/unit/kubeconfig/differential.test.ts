import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { chooseContext } from '../../../src/kube/kubeconfig.ts';
import { type Case, DIMENSIONS, prepare } from './cases.ts';
import {
  lastLines,
  ourClient,
  type ProgramResult,
  runProgram,
  upstreamKubectl,
} from './clients.ts';
import { type ErrorCase, errorCases } from './errorCases.ts';
import { pairwise } from './pairwise.ts';
import { startWorld, type World } from './world.ts';

const KUBECTL = upstreamKubectl();
const CASES = pairwise(DIMENSIONS);

let world: World;
let ours: ReturnType<typeof ourClient>;
beforeAll(async () => {
  world = await startWorld();
  ours = ourClient();
});
afterAll(() => {
  ours.close();
  world.close();
});

/** What a client did: as whom the server saw it, the proxies it used, the input of its plugin. */
async function observed(folder: string, run: () => Promise<ProgramResult>) {
  const { server, plainServer, proxies } = world;
  const logs = [server.arrived, plainServer.arrived];
  const proxyLogs = [proxies.http.requests, proxies.https.requests, proxies.socks.requests];
  for (const log of [...logs, ...proxyLogs]) log.length = 0;
  const result = await run();
  await world.quiet();
  return {
    arrived: logs.map((log) => log.at(-1)),
    proxied: proxyLogs.map((log) => [...new Set(log)]),
    pluginInput: pluginInputIn(folder),
    message: lastLines(result),
  };
}

/** The input of the plugins of a case; it is deleted afterwards. */
function pluginInputIn(folder: string): unknown[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return files
    .filter((file) => file.endsWith('.told'))
    .map((file) => {
      const [info = '', end, called] = readFileSync(join(folder, file), 'utf8').split('\n');
      rmSync(join(folder, file));
      return { info: JSON.parse(info) as unknown, end, called };
    });
}

/** Runs both clients in the same folder, one after the other. */
async function both(folder: string, { args, env, cwd }: Case) {
  const cache = ['--cache-dir', join(world.folder, 'cache')];
  const theirs = { args: ['get', 'pods', 'pod-1', ...cache, ...args], env, cwd };
  const kubectl = await observed(folder, () => runProgram(KUBECTL, theirs));
  const us = await observed(folder, () =>
    ours.run({ args: ['ports', 'pod-1', ...args], env, cwd }),
  );
  return { kubectl, us };
}

let folders = 0;
function freshFolder(): string {
  folders += 1;
  const folder = join(world.folder, String(folders));
  mkdirSync(folder);
  return folder;
}

describe.skipIf(!KUBECTL)("the requests at the server are the same as kubectl's", () => {
  it('in at least 60 cases', () => {
    expect(CASES.length).toBeGreaterThanOrEqual(60);
    expect(existsSync(KUBECTL)).toBe(true);
  });

  it.each(CASES)(
    '$files, $choice, $trust, $user, $impersonation, $namespace, $proxy',
    async (choice) => {
      const folder = freshFolder();
      const { kubectl, us } = await both(folder, prepare(world, folder, choice));
      expect(us).toEqual(kubectl);
      expect(kubectl.arrived[0], kubectl.message).toBeDefined();
      expect(kubectl.message).toBe('Error from server (NotFound): pods "pod-1" not found');
    },
  );
});

describe.skipIf(!KUBECTL)(
  'the chosen context is the same as in `kubectl config view --minify`',
  () => {
    const here = process.cwd();
    afterEach(() => process.chdir(here));

    it.each(
      DIMENSIONS.files.flatMap((files) =>
        ['current', '--context'].map((choice) => ({ files, choice })),
      ),
    )('$files, $choice', async ({ files, choice }) => {
      const folder = freshFolder();
      const same = { trust: 'ca data', user: 'token', proxy: 'http' };
      const combination = { ...same, files, choice, impersonation: 'as', namespace: 'context' };
      const { args, env, cwd } = prepare(world, folder, combination);
      const view = ['-c', 'exec "$@" >&2', 'sh', KUBECTL, 'config', 'view', '--minify', '--raw'];
      const result = await runProgram('sh', { args: [...view, '-o', 'json', ...args], env, cwd });
      const { clusters, users, contexts } = JSON.parse(result.stderr);

      process.chdir(cwd);
      const value = (flag: string) =>
        args.includes(flag) ? args[args.indexOf(flag) + 1] : undefined;
      const [context, kubeconfig] = [value('--context'), value('--kubeconfig')];
      const flags = { ...(context && { context }), ...(kubeconfig && { kubeconfig }) };
      const { cluster, user, namespace } = chooseContext(flags, env);
      expect({ cluster, user, namespace }).toEqual({
        cluster: clusters[0].cluster,
        user: users[0].user,
        namespace: contexts[0].context.namespace,
      });
    });
  },
);

describe.skipIf(!KUBECTL)("errors are the same as kubectl's", () => {
  /** Writes the kubeconfig of a case: whatever the case does not set is valid. */
  function prepareError(
    { cluster, user, context, text, args, env }: ErrorCase,
    folder: string,
  ): Case {
    const config = {
      'current-context': 'main',
      clusters: [
        {
          name: 'k',
          cluster: {
            server: `https://127.0.0.1:${world.server.port}`,
            ...(!JSON.stringify(cluster ?? {}).includes('authority') && {
              'certificate-authority': world.certificates.authority.file,
            }),
            ...cluster,
          },
        },
      ],
      users: [{ name: 'u', user: user ?? { token: 'good' } }],
      contexts: [{ name: 'main', context: { cluster: 'k', user: 'u', ...context } }],
    };
    const file = join(folder, 'config');
    writeFileSync(file, text ?? JSON.stringify(config));
    return {
      args: [...(args ?? [])],
      env: { PATH: '/usr/bin:/bin', HOME: folder, KUBECONFIG: file, ...env },
      cwd: folder,
    };
  }

  it('in every case with a wrong kubeconfig or flag', async () => {
    const differences: object[] = [];
    for (const errorCase of errorCases(world)) {
      const folder = freshFolder();
      world.server.refusal = errorCase.refusal;
      const { kubectl, us } = await both(folder, prepareError(errorCase, folder));
      const cut = (message: string) =>
        errorCase.until ? message.split(errorCase.until)[0] : message;
      const [theirs, own] = [kubectl, us].map((result) => ({
        ...result,
        message: cut(result.message),
      }));
      if (!isDeepStrictEqual(theirs, own)) differences.push({ name: errorCase.name, theirs, own });
    }
    world.server.refusal = undefined;
    expect(differences).toEqual([]);
  });
});
