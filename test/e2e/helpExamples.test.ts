import { mkdirSync, symlinkSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chatterFor, makePod, readyPod, runPod } from './support/pods.ts';
import { type Running, run, start } from './support/process.ts';
import { freshPath, kubectl, namespaced, PROGRAM, world } from './support/world.ts';

/** Examples that get this option, in place of their own duration, so that they end soon. */
const UNBOUNDED = / capture (?!.*(-c 20|--detach)).*/;
const BOUND = '--duration 2s';
/** Examples that wait for Ctrl-C get it when they have printed this. */
const INTERRUPTED: readonly (readonly [example: RegExp, atWork: RegExp])[] = [
  // A line of tshark for a datagram of the chatter.
  [/captures follow/, /Len=10/],
  [/--watch/, /PROTO|no .*sockets/],
];
/** Examples that cannot be run here, and why. Each of them must exist, so that no entry outlives its example. */
const LEFT_OUT: readonly (readonly [RegExp, string])[] = [
  [/--wireshark/, 'Wireshark needs a screen'],
  [/ pod-2\b/, 'one pod bears the name of the examples'],
  [/svc\/db|nc db/, 'there is no service db'],
  [/ (who|--netns) (10\.|veth|4026)/, 'these addresses and interfaces are of another cluster'],
  [/ cleanup -A .*--yes/, 'it would clean up after the tests that run beside this one'],
  [/ client\.pcap /, 'captures of both ends are made by hand'],
  [/netdebug (read|summary) tuesday/, 'no file of that capture is complete when it is fetched'],
  [/ -- curl /, 'the debugger images of the local cluster have no curl'],
];

const [program, ...before] = PROGRAM;
let folder = '';
let env: NodeJS.ProcessEnv = {};
let pod = '';
const started: Running[] = [];

beforeAll(async () => {
  folder = freshPath('examples');
  const bin = join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  symlinkSync(world.kubectl, join(bin, 'kubectl'));
  if (before.length === 0) symlinkSync(program, join(bin, 'kubectl-netdebug'));
  env = {
    HOME: folder,
    SHELL: '/bin/bash',
    PATH: `${bin}${delimiter}${process.env.PATH}`,
    KUBECONFIG: namespaced(world.kubeconfig),
    NETDEBUG_IMAGE: world.flavours[1]?.image ?? world.flavours[0]?.image ?? '',
  };
  const sink = await runPod('sink');
  // The examples run one after the other, which takes minutes.
  pod = await makePod('example', { command: chatterFor(3600), env: { TO: sink.ip } });
  await readyPod(pod);
  await kubectl(['create', 'deployment', 'web', `--image=${world.appImage}`]);
  await kubectl(['expose', 'deployment', 'web', '--port=80']);
  await kubectl(['rollout', 'status', 'deployment/web', '--timeout=60s']);
  // The examples of captures refer to this capture.
  const detached = `kubectl netdebug capture ${pod} --detach --name tuesday`;
  expect(await failureOf(detached)).toBeUndefined();
});

afterAll(() => {
  for (const { child } of started) child.kill('SIGKILL');
});

/** The commands in the Examples section of a command's help, one per line. */
async function examplesOf(command: string): Promise<string[]> {
  const { stdout } = await run(program, [...before, command, '--help']);
  const [, listed = ''] = stdout.split(/^Examples:$/m);
  const [examples = ''] = listed.split(/^\S/m);
  return examples
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.startsWith('kubectl netdebug'));
}

function runnable(example: string): string {
  const named = example
    .replaceAll('pod-1', pod)
    .replaceAll('worker-1', world.nodes[0])
    .replaceAll(' shop/', ` ${world.namespace}/`);
  if (!UNBOUNDED.test(named)) return named;
  return named
    .replace(/ --duration \S+/, '')
    .replace(/^(kubectl netdebug capture \S+)/, `$1 ${BOUND}`);
}

async function finish(running: Running, line: string) {
  const atWork = INTERRUPTED.find(([example]) => example.test(line))?.[1];
  if (atWork) {
    await running.says(atWork);
    process.kill(-(running.child.pid ?? 0), 'SIGINT');
  }
  return running.finished;
}

/** The commands in the order of the help, because later ones read what earlier ones write. */
const commands = [
  ...(await run(program, [...before, '--help'])).stdout.matchAll(/^ {2}(\w+) {3}/gm),
].map(([, name]) => name ?? '');
const examples = new Map(
  await Promise.all(commands.map(async (name) => [name, await examplesOf(name)] as const)),
);

describe('the examples of the help', () => {
  it('exist for every command, and include each one that is left out here', () => {
    expect(commands).toEqual(
      expect.arrayContaining(['capture', 'captures', 'ports', 'completion']),
    );
    const all = [...examples.values()].flat();
    expect(all.length).toBeGreaterThan(15);
    const unused = LEFT_OUT.filter(([pattern]) => !all.some((example) => pattern.test(example)));
    expect(unused).toEqual([]);
  });

  it.each(commands)('of %s work', async (command) => {
    const failures: string[] = [];
    for (const example of examples.get(command) ?? []) {
      if (LEFT_OUT.some(([pattern]) => pattern.test(example))) continue;
      const failure = await failureOf(runnable(example));
      if (failure !== undefined) failures.push(failure);
    }
    expect(failures).toEqual([]);
  });
});

/** The error message of a command line that fails. */
async function failureOf(line: string): Promise<string | undefined> {
  // Ctrl-C also reaches tshark, which exits with 2 if packets are left to read. Only netdebug's exit code counts.
  const isInterrupted = INTERRUPTED.some(([example]) => example.test(line));
  const script = isInterrupted ? `${line}\nexit \${PIPESTATUS[0]}` : line;
  const running = start('setsid', ['bash', '-c', script], { env, cwd: folder, stdin: '' });
  started.push(running);
  const { code, stdout, stderr } = await finish(running, line);
  return code === 0 ? undefined : `${line}\n  ${code}: ${stderr}${stdout}`;
}
