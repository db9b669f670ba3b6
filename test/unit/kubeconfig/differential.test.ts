import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Case, DIMENSIONS, prepare } from './cases.ts';
import { lastWords, ourClient, runProgram, type Said, upstreamKubectl } from './clients.ts';
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

/** What a client did: who the server took it for, the proxies it used, what its plugin was told. */
async function observed(folder: string, run: () => Promise<Said>) {
  const { server, plainServer, proxies } = world;
  const logs = [server.arrived, plainServer.arrived];
  const asked = [proxies.http.asked, proxies.https.asked, proxies.socks.asked];
  for (const log of [...logs, ...asked]) log.length = 0;
  const said = await run();
  return {
    arrived: logs.map((log) => log.at(-1)),
    asked: asked.map((log) => [...new Set(log)]),
    told: toldIn(folder),
    said: lastWords(said),
  };
}

/** What the plugins of a case were told, which is forgotten then. */
function toldIn(folder: string): unknown[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return files
    .filter((file) => file.endsWith('.told'))
    .map((file) => {
      const [info = '', end, called] = readFileSync(join(folder, file), 'utf8').split('\n');
      rmSync(join(folder, file));
      return { info: JSON.parse(info) as unknown, end, called };
    });
}

/** Runs both clients in the same place, one after the other. */
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

describe('what arrives at the server is what kubectl sends', () => {
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
      expect(kubectl.arrived[0], kubectl.said).toBeDefined();
      expect(kubectl.said).toBe('Error from server (NotFound): pods "pod-1" not found');
    },
  );
});
