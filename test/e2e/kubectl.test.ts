import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { kubectls, nameOfKubectl } from './support/kubectls.ts';
import { podName, runPod } from './support/pods.ts';
import { eventually, run, start } from './support/process.ts';
import { freshPath, namespaced, world } from './support/world.ts';

/**
 * kubectl itself does its usual work on this cluster: the oldest version installed here and the newest available one
 * (all of them with KUBECTLS=all).
 */
describe.each(kubectls().map((path) => ({ path, name: nameOfKubectl(path) })))(
  '$name',
  ({ path, name }) => {
    const LOUD = ['sh', '-c', 'n=0; while sleep 0.2; do n=$((n+1)); echo "line $n"; done'];
    let pod: string;
    let KUBECONFIG: string;
    beforeAll(async () => {
      pod = (await runPod('kubectl', { command: LOUD })).name;
      KUBECONFIG = namespaced(world.kubeconfig);
    });
    const kubectl = (args: readonly string[], stdin = '') =>
      run(path, args, { env: { KUBECONFIG }, stdin });
    /** Returns its output. Fails with its error message unless it succeeds. */
    const says = async (args: readonly string[], stdin = '') => {
      const { code, stdout, stderr } = await kubectl(args, stdin);
      expect(code, `${args.join(' ')}: ${stderr}`).toBe(0);
      return stdout;
    };
    /** Runs a command that does not end by itself, and ends it when the pattern appears. */
    const until = async (args: readonly string[], pattern: RegExp) => {
      const running = start(path, args, { env: { KUBECONFIG } });
      try {
        await running.says(pattern);
      } finally {
        running.child.kill('SIGTERM');
        await running.finished;
      }
    };
    /** The same on a terminal, with typed input. */
    const onTerminal = async (args: readonly string[], typed: string, pattern: RegExp) => {
      const command = [path, ...args].map((word) => `'${word}'`).join(' ');
      const running = start('script', ['-qec', command, '/dev/null'], { env: { KUBECONFIG } });
      try {
        await running.says(/[$#] |line \d|If you don't see/);
        running.child.stdin.write(typed);
        await running.says(pattern);
      } finally {
        running.child.kill('SIGTERM');
        await running.finished;
      }
    };

    it.concurrent('get: wide, JSON, YAML, watched; describe; wait', async ({ expect }) => {
      const wide = await says(['get', 'pods', pod, '-o', 'wide']);
      expect(wide).toMatch(new RegExp(`^${pod} +1/1 +Running .* ${world.nodes[0]} `, 'm'));
      const object = JSON.parse(await says(['get', 'pod', pod, '-o', 'json']));
      expect(object).toMatchObject({ kind: 'Pod', metadata: { name: pod } });
      expect(await says(['get', 'pod', pod, '-o', 'yaml'])).toMatch(/^kind: Pod$/m);
      await until(['get', 'pods', '-w'], new RegExp(`^${pod} +1/1 +Running`, 'm'));
      const described = await says(['describe', 'pod', pod]);
      expect(described).toMatch(/^Node: +\S+/m);
      expect(described).toMatch(/Normal +Started/);
      expect(await says(['wait', '--for=condition=Ready', `pod/${pod}`])).toContain('met');
      await says(['get', 'nodes,namespaces,events,services,deployments', '-A']);
    });

    it.concurrent('exec, its terminal, attach, logs -f', async ({ expect }) => {
      const executed = await kubectl(
        ['exec', '-i', pod, '--', 'sh', '-c', 'cat; exit 4'],
        'to the end',
      );
      expect(executed).toMatchObject({ code: 4, stdout: 'to the end' });
      await onTerminal(
        ['exec', '-it', pod, '--', 'sh'],
        'test -t 0 && echo yes-$((6*7))\n',
        /yes-42/,
      );
      await until(['attach', pod], /line \d+/);
      expect(await says(['logs', pod, '--tail=1'])).toMatch(/^line \d+\n$/);
      await until(['logs', '-f', pod], /line \d+\nline \d+\n/);
    });

    it.concurrent('cp both ways', async ({ expect }) => {
      const folder = freshPath('cp');
      mkdirSync(folder);
      const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 251));
      writeFileSync(`${folder}/out`, bytes);
      await says(['cp', `${folder}/out`, `${pod}:/tmp/copied`]);
      await says(['cp', `${pod}:/tmp/copied`, `${folder}/back`]);
      expect(readFileSync(`${folder}/back`).equals(bytes)).toBe(true);
    });

    it.concurrent('debug with every profile it knows', async ({ expect }) => {
      const target = (await runPod('debugged')).name;
      const help = await says(['debug', '--help']);
      const profiles = [
        ...(/--profile=[\s\S]*?(?=\n\n)/.exec(help)?.[0] ?? '').matchAll(/"(\w+)"/g),
      ]
        .map(([, profile]) => String(profile))
        .filter((profile, index, all) => all.indexOf(profile) === index);
      expect(profiles).toEqual(expect.arrayContaining(['general', 'baseline', 'netadmin']));
      const image = world.flavours[0]?.image ?? '';
      for (const profile of profiles)
        await says([
          ...['debug', target, `--profile=${profile}`, '-c', `by-${profile}`, '--image', image],
          ...['--image-pull-policy=IfNotPresent', '--', 'sleep', '3'],
        ]);
      const added = await says([
        ...['get', 'pod', target, '-o'],
        'jsonpath={.spec.ephemeralContainers[*].name}',
      ]);
      expect(added.split(' ').sort()).toEqual(profiles.map((profile) => `by-${profile}`).sort());
      const netadmin = await says([
        ...['get', 'pod', target, '-o'],
        'jsonpath={.spec.ephemeralContainers[?(@.name=="by-netadmin")].securityContext.capabilities.add}',
      ]);
      expect(netadmin).toContain('NET_ADMIN');
    });

    it.concurrent('auth can-i', async ({ expect }) => {
      expect(await says(['auth', 'can-i', 'create', 'pods/exec'])).toBe('yes\n');
      const refused = await kubectl(['auth', 'can-i', 'delete', 'pods', '--as', 'nobody-at-all']);
      expect([refused.code, refused.stdout]).toEqual([1, 'no\n']);
      expect(await says(['auth', 'can-i', '--list'])).toMatch(/\*\.\* .*\[\*\]/);
      const forbidden = await kubectl(['get', 'pods', '--as', 'nobody-at-all', '--as-group', 'g']);
      expect(forbidden.stderr).toBe(
        `Error from server (Forbidden): pods is forbidden: User "nobody-at-all" cannot list resource "pods" in API group "" in the namespace "${world.namespace}"\n`,
      );
    });

    it.concurrent('port-forward', async ({ expect }) => {
      const { name: web } = await runPod('web');
      const running = start(path, ['port-forward', `pod/${web}`, ':80'], { env: { KUBECONFIG } });
      try {
        await running.says(/Forwarding from 127\.0\.0\.1:\d+/);
        const [, port] = /127\.0\.0\.1:(\d+)/.exec(running.stdout()) ?? [];
        const answer = await run('curl', ['-sS', `http://127.0.0.1:${port}/`]);
        expect(answer.code, answer.stderr).toBe(0);
      } finally {
        running.child.kill('SIGTERM');
        await running.finished;
      }
    });

    it.concurrent('create, apply, patch, label, dry runs, delete', async ({ expect }) => {
      const config = podName(`config-${name.replace(/[^a-z0-9]+/g, '-')}`);
      const manifest = (value: string) =>
        JSON.stringify({
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: config },
          data: { value },
        });
      await says(['create', '--dry-run=server', '-f', '-'], manifest('0'));
      expect((await kubectl(['get', 'configmap', config])).stderr).toBe(
        `Error from server (NotFound): configmaps "${config}" not found\n`,
      );
      expect(await says(['apply', '-f', '-'], manifest('1'))).toContain('created');
      expect(await says(['apply', '-f', '-'], manifest('1'))).toContain('unchanged');
      expect(await says(['apply', '-f', '-'], manifest('2'))).toContain('configured');
      for (const [type, patch] of [
        ['strategic', '{"data":{"a":"1"}}'],
        ['merge', '{"data":{"b":"2"}}'],
        ['json', '[{"op":"add","path":"/data/c","value":"3"}]'],
      ])
        await says(['patch', 'configmap', config, `--type=${type}`, '-p', patch ?? '']);
      await says(['label', 'configmap', config, 'tier=db']);
      const data = await says([
        'get',
        'configmap',
        '-l',
        'tier=db',
        '-o',
        'jsonpath={.items[0].data}',
      ]);
      expect(JSON.parse(data)).toEqual({ value: '2', a: '1', b: '2', c: '3' });
      expect((await kubectl(['create', '-f', '-'], manifest('3'))).stderr).toContain(
        `configmaps "${config}" already exists`,
      );
      expect(await says(['delete', 'configmap', config])).toContain('deleted');
      const isGone = async () => (await kubectl(['get', 'configmap', config])).code === 1;
      expect(await eventually(isGone)).toBe(true);
    });
  },
);
