import { load } from 'js-yaml';
import { beforeAll, describe, expect, it } from 'vitest';
import { failure } from './support/failure.ts';
import { runPod } from './support/pods.ts';
import { eventually, start } from './support/process.ts';
import { processes } from './support/processes.ts';
import { needs } from './support/skips.ts';
import { kubectl, netdebug, world } from './support/world.ts';

/** A main process that keeps one connection to `$TO` open and does not reap orphans. */
const CONNECTED = [
  'bash',
  '-c',
  'until exec 3<>"/dev/tcp/$TO/80"; do sleep 0.1; done 2>/dev/null; exec sleep infinity',
];

/** nginx closes a connection without a request after a minute. On a busy machine, a test may take longer. */
const PATIENT_NGINX = [
  'sh',
  '-c',
  "sed 's/http {/http { client_header_timeout 1h;/' /etc/nginx/nginx.conf >/tmp/nginx.conf && exec nginx -c /tmp/nginx.conf -g 'daemon off;'",
];

interface Listed {
  readonly protocol: string;
  readonly state: string;
  readonly local: { readonly address: string; readonly port: number };
  readonly peer: { readonly address: string; readonly port: number };
  readonly processes?: readonly { readonly name: string; readonly pid: number }[];
}

describe.each(world.flavours)('ports with the $name image', ({ image }) => {
  let server: { name: string; ip: string };
  let client: { name: string; ip: string };
  beforeAll(async () => {
    server = await runPod('server', { command: PATIENT_NGINX });
    client = await runPod('client', {
      node: 1,
      command: CONNECTED,
      env: { TO: server.ip },
      spec: { securityContext: { runAsUser: 65532, runAsGroup: 65532, runAsNonRoot: true } },
    });
    // A container is ready before its program has started.
    const main = async () => (await processes(client.name, 'main')).find(({ pid }) => pid === 1);
    expect(await eventually(async () => (await main())?.name === 'sleep')).toBe(true);
  });
  const ports = async (pod: string, ...args: string[]) => {
    const result = await netdebug(['ports', pod, '--image', image, ...args]).finished;
    expect(result.code, result.stderr).toBe(0);
    return result.stdout;
  };
  const sockets = async (pod: string, ...args: string[]) =>
    (JSON.parse(await ports(pod, '-o', 'json', ...args)) as { items: Listed[] }).items;

  it('lists listening and connected sockets, the same at both ends', async () => {
    const here = await sockets(server.name);
    const there = await sockets(client.name);
    expect(here).toContainEqual(expect.objectContaining({ protocol: 'tcp', state: 'LISTEN' }));
    const connection = there.find(({ peer }) => peer.port === 80);
    expect(connection).toMatchObject({
      state: 'ESTABLISHED',
      local: { address: client.ip },
      peer: { address: server.ip },
    });
    expect(here).toContainEqual(
      expect.objectContaining({
        state: 'ESTABLISHED',
        local: connection?.peer,
        peer: connection?.local,
      }),
    );
  });

  it('shows them as netstat does, and agrees with the kernel’s own table', async () => {
    const table = await ports(server.name);
    expect(table.split('\n')[0]).toMatch(
      /^PROTO +RECV-Q +SEND-Q +LOCAL ADDRESS +FOREIGN ADDRESS +STATE$/,
    );
    const kernel = await kubectl([
      ...['exec', server.name, '-c', 'main', '--'],
      ...['cat', '/proc/net/tcp', '/proc/net/tcp6'],
    ]);
    const rows = kernel.split('\n').filter((line) => /^ *\d+: /.test(line));
    expect(table.trim().split('\n').slice(1)).toHaveLength(rows.length);
  });

  it('names the processes, including those of other users', async () => {
    const [held] = (await sockets(client.name, '-p')).filter(({ peer }) => peer.port === 80);
    expect(held?.processes).toEqual([expect.objectContaining({ name: 'sleep', pid: 1 })]);
    expect(await ports(server.name, '-lp')).toMatch(/ LISTEN +\d+\/nginx/);
  });

  it('leaves no zombie in a target that does not reap, however it ends', async () => {
    for (const end of ['SIGINT', 'SIGKILL', 'SIGKILL', 'SIGTERM'] as const) {
      const running = netdebug([
        'ports',
        client.name,
        '--image',
        image,
        '-p',
        '--watch',
        '--interval',
        '0.1',
      ]);
      await running.says(/ESTABLISHED/);
      running.child.kill(end);
      await running.finished;
    }
    const left = async () =>
      (await processes(client.name, 'main')).filter(
        ({ name, pid, state, parent }) =>
          state === 'Z' || (pid !== 1 && name !== 'sh' && name !== 'sleep' && parent !== 0),
      );
    expect(
      await eventually(async () => (await left()).length === 0),
      JSON.stringify(await left()),
    ).toBe(true);
  });

  it('selects: listening, protocols, families', async () => {
    expect((await sockets(client.name, '-l')).filter(({ state }) => state !== 'LISTEN')).toEqual(
      [],
    );
    expect((await sockets(client.name, '-t', '-6')).filter(({ peer }) => peer.port === 80)).toEqual(
      [],
    );
    expect(
      (await sockets(client.name, '-u')).filter(({ protocol }) => /tcp/.test(protocol)),
    ).toEqual([]);
  });

  it('writes yaml, names and a summary', async () => {
    const yaml = load(await ports(client.name, '-o', 'yaml')) as { items: unknown[] };
    expect(yaml.items).toEqual(await sockets(client.name));
    expect(await ports(client.name, '-o', 'name')).toMatch(
      new RegExp(`^tcp/${client.ip}:\\d+-${server.ip}:80$`, 'm'),
    );
    expect(await ports(client.name, '--summary')).toMatch(/tcp +ESTABLISHED +1/);
  });

  it('watches opened and closed sockets', async () => {
    const watching = netdebug([
      'ports',
      server.name,
      '--image',
      image,
      '--watch',
      '--interval',
      '0.3s',
    ]);
    await watching.says(/LISTEN/);
    const words = ['-n', world.namespace, 'exec', '-i', client.name, '--', 'bash', '-c'];
    const connecting = start(
      world.kubectl,
      [...words, 'exec 3<>"/dev/tcp/$1/80"; read -r _', 'bash', server.ip],
      { env: { KUBECONFIG: world.kubeconfig } },
    );
    await watching.says(/^\d\d:\d\d:\d\d \+ tcp \S+:80 \S+ ESTABLISHED/m);
    connecting.child.stdin.end('\n');
    expect((await connecting.finished).code).toBe(0);
    await watching.says(/^\d\d:\d\d:\d\d [-~] tcp \S+:80 \S+ /m);
    watching.child.kill('SIGINT');
    expect((await watching.finished).code).toBe(0);
  });

  it('rejects what it does not support', async () => {
    const args = ['ports', server.name, '-p', '-c', 'nope', '--image', image];
    const container = await failure(args);
    expect(container.kinds).toEqual(['usage']);
    expect(container.stderr).toMatch(/\bnope\b[\s\S]*: main\b/);
    expect(container.code).toBe(2);
    const format = await netdebug(['ports', server.name, '-o', 'xml']).finished;
    expect(format.stderr).toContain('"-o, --output"');
    expect(format.code).toBe(2);
  });
});

describe('ports in an image without ss', () => {
  it('reads the tables of the kernel', async (test) => {
    needs(test, 'images that lack tools');
    const pod = await runPod('slim');
    const { code, stdout, stderr } = await netdebug([
      'ports',
      pod.name,
      '-lp',
      '--image',
      world.oddImages?.noSs ?? '',
    ]).finished;
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/tcp .*0\.0\.0\.0:80 .*LISTEN +\d+\/nginx/);
  });
});
