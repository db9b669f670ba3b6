import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { authenticate } from '../../../src/kube/authentication.ts';
import { pluginSource } from '../../../src/kube/credentialPlugin.ts';
import type { UserEntry } from '../../../src/kube/kubeconfigEntries.ts';
import { LoginExpired } from '../../../src/kube/loginRenewals.ts';
import { PROGRAM, runProgram, upstreamKubectl } from './clients.ts';
import { kubeconfigOf, startWorld, type World } from './world.ts';

const V1 = 'client.authentication.k8s.io/v1';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

/** A kubeconfig whose user has a plugin with these shell commands. */
function kubeconfig(interactiveMode: string, script: string): string {
  const file = join(world.folder, `${interactiveMode}-${script.length}`);
  const exec = { apiVersion: V1, interactiveMode, command: 'sh', args: ['-c', script] };
  writeFileSync(file, kubeconfigOf(world, { exec }));
  return file;
}

const clients = () => [
  [upstreamKubectl(), 'get', 'pods', 'pod-1', '--cache-dir', join(world.folder, 'cache')],
  [...PROGRAM, 'ports', 'pod-1'],
];
const PRINT = `printf '{"apiVersion":"${V1}","kind":"ExecCredential","status":{"token":"%s"}}'`;

describe.skipIf(!upstreamKubectl())('the user and the plugin', () => {
  it.each(['Always', 'IfAvailable'])('communicate on a terminal (%s)', async (mode) => {
    const file = kubeconfig(mode, `printf 'code? ' >&2; read -r code; ${PRINT} "$code"`);
    for (const command of clients()) {
      world.server.arrived.length = 0;
      const quoted = command.map((word) => `'${word}'`).join(' ');
      const terminal = spawn('script', ['-qec', quoted, '/dev/null'], {
        env: { PATH: '/usr/bin:/bin', HOME: world.folder, KUBECONFIG: file },
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      terminal.stdin.write('typed\n');
      const [shown] = await Promise.all([text(terminal.stdout), once(terminal, 'close')]);
      expect(shown).toContain('code? ');
      expect(world.server.arrived.at(-1)?.authorization).toBe('Bearer typed');
    }
  });

  it("the plugin's messages are shown, and it gets no input without a terminal", async () => {
    const file = kubeconfig('IfAvailable', `echo 'log in first' >&2; cat; ${PRINT} x`);
    for (const [program = '', ...args] of clients()) {
      const env = { PATH: '/usr/bin:/bin', HOME: world.folder, KUBECONFIG: file };
      const { stderr } = await runProgram(program, { args, env, cwd: world.folder });
      expect(stderr).toMatch(/^log in first\n/);
      expect(world.server.arrived.at(-1)?.authorization).toBe('Bearer x');
    }
  });
});

describe("a plugin's answer", () => {
  /** A plugin that counts its runs and returns the status in a file. */
  function counting() {
    const folder = mkdtempSync(join(tmpdir(), 'netdebug-plugin-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const [status, runs] = [join(folder, 'status'), join(folder, 'runs')];
    writeFileSync(runs, '');
    const script = `echo run >>${runs}; sleep 0.05; cat ${status} 2>/dev/null`;
    return {
      exec: {
        apiVersion: V1,
        interactiveMode: 'Never',
        command: 'sh',
        args: ['-c', script],
      },
      give: (given: object) =>
        writeFileSync(
          status,
          JSON.stringify({ apiVersion: V1, kind: 'ExecCredential', status: given }),
        ),
      take: () => rmSync(status),
      runs: () => readFileSync(runs, 'utf8').split('\n').length - 1,
    };
  }
  const cluster = { server: 'https://127.0.0.1' };
  const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString();

  it('is kept until it expires, and concurrent requests run the plugin once', async () => {
    const { exec, give, runs } = counting();
    const source = pluginSource(exec, cluster);
    give({ token: 'a', expirationTimestamp: inSeconds(-1) });
    const together = await Promise.all([source.current(), source.current(), source.current()]);
    expect(together).toEqual(Array(3).fill({ authorization: 'Bearer a' }));
    expect(runs()).toBe(1);
    give({ token: 'b', expirationTimestamp: inSeconds(60) });
    expect(await source.current()).toEqual({ authorization: 'Bearer b' });
    await source.current();
    expect(runs()).toBe(2);
  });

  it('without an expiry time is kept until it is refused', async () => {
    const { exec, give, runs } = counting();
    const source = pluginSource(exec, cluster);
    give({ token: 'a' });
    const refused = await source.current();
    await source.current();
    expect(runs()).toBe(1);
    give({ token: 'b' });
    expect(await source.renew?.(refused)).toBe(true);
    // A late refusal of the old one: there is already a newer one.
    expect(await source.renew?.(refused)).toBe(true);
    expect(runs()).toBe(2);
    expect(await source.renew?.(await source.current())).toBe(false);
  });

  it('is not kept if it is a failure', async () => {
    const { exec, give } = counting();
    const source = pluginSource(exec, cluster);
    await expect(source.current()).rejects.toThrow('exec: executable sh failed with exit code 1');
    give({ token: 'a' });
    expect(await source.current()).toEqual({ authorization: 'Bearer a' });
  });

  it.each([
    ['fails', undefined],
    ['returns the refused credentials again', { token: 'a' }],
  ])(
    'is renewed at most three times, with growing pauses, when the plugin %s',
    async (_, given) => {
      vi.useFakeTimers({ toFake: ['Date'] });
      onTestFinished(() => void vi.useRealTimers());
      const { exec, give, take, runs } = counting();
      const pauses: (number | undefined)[] = [];
      const source = pluginSource(exec, cluster, {
        onLoginExpired: (_problem, againInMs) => pauses.push(againInMs),
      });
      give({ token: 'a' });
      await source.current();
      if (given) give(given);
      else take();
      const renew = async () =>
        source.renew?.(await source.current()).catch((error: unknown) => error);
      const started: number[] = [];
      for (let second = 0; second <= 90; second += 5) {
        const before = runs();
        const outcome = await renew();
        if (runs() > before) started.push(second);
        else expect(outcome).toBeInstanceOf(LoginExpired);
        vi.setSystemTime(Date.now() + 5_000);
      }
      expect(started).toEqual([0, 10, 40]);
      expect(pauses).toEqual([10_000, 30_000, undefined]);
      expect(await renew()).toMatchObject({ isFinal: true });
    },
  );

  it('is renewed as often as before once the user has logged in', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    const { exec, give, take } = counting();
    const source = pluginSource(exec, cluster);
    const expires = () => inSeconds(60);
    give({ token: 'a', expirationTimestamp: expires() });
    await source.current();
    for (let round = 0; round < 3; round++) {
      vi.setSystemTime(Date.now() + 100_000);
      take();
      await expect(source.current()).rejects.toMatchObject({ isFinal: false });
      vi.setSystemTime(Date.now() + 10_000);
      give({ token: `b${round}`, expirationTimestamp: expires() });
      expect(await source.current()).toEqual({ authorization: `Bearer b${round}` });
    }
  });

  it('with another certificate is used by new connections; the same certificate keeps the connections', async () => {
    const { exec, give } = counting();
    const [first, two] = world.certificates.clients;
    const status = ({ certificate, key }: typeof first, seconds: number) => ({
      clientCertificateData: certificate,
      clientKeyData: key,
      expirationTimestamp: inSeconds(seconds),
    });
    const user: UserEntry = { exec };
    const access = await authenticate({ cluster, user, namespace: 'x', warnings: [] });
    onTestFinished(() => access.agent.destroy());
    give(status(first, -1));
    await access.headers();
    const { agent } = access;
    expect(access.tls.cert).toBe(first.certificate);
    await access.headers();
    expect(access.agent).toBe(agent);
    give(status(two, 60));
    await access.headers();
    expect(access.tls.cert).toBe(two.certificate);
    expect(access.agent).not.toBe(agent);
  });
});
