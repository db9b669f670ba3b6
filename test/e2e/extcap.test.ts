import { mkdirSync, symlinkSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { CHATTER, runPod } from './support/pods.ts';
import { eventually, type Finished, run, start } from './support/process.ts';
import { leftWorking } from './support/processes.ts';
import { freshPath, namespaced, PROGRAM, programFile, world } from './support/world.ts';

const [program, ...before] = PROGRAM;
let env: NodeJS.ProcessEnv = {};
let pod = '';

beforeAll(async () => {
  const home = freshPath('home');
  const bin = join(home, 'bin');
  mkdirSync(bin, { recursive: true });
  const own = join(bin, 'kubectl-netdebug');
  symlinkSync(programFile(), own);
  env = {
    HOME: home,
    XDG_CONFIG_HOME: join(home, '.config'),
    PATH: `${bin}${delimiter}${process.env.PATH}`,
    KUBECONFIG: namespaced(world.kubeconfig),
    NETDEBUG_IMAGE: world.flavours[0]?.image ?? '',
  };
  const other = await runPod('sink');
  pod = (await runPod('wire', { command: CHATTER, env: { TO: other.ip } })).name;
  const { code, stderr } = await run(own, ['extcap', 'install'], { env });
  expect(code, stderr).toBe(0);
});

function name(): string {
  return `netdebug-${world.namespace}.${pod}`;
}

/** Runs tshark until it knows the pod. On a busy machine, the list of pods can be too late for Wireshark. */
async function tshark(args: readonly string[], isKnown: (result: Finished) => boolean) {
  let result = await run('tshark', args, { env });
  await eventually(async () => {
    if (isKnown(result)) return true;
    result = await run('tshark', args, { env });
    return false;
  });
  return result;
}

const hasDevice = ({ stderr }: Finished) => !stderr.includes('There is no device named');

describe('Wireshark programs with the extcap program', () => {
  it('list the pods', async () => {
    const { stdout } = await tshark(['-D'], (result) => result.stdout.includes(name()));
    expect(stdout).toMatch(new RegExp(`\\b${name()} \\(.*\\b${world.namespace}/${pod}\\)`));
    // The one for any pod, which asks for its name.
    expect(stdout).toMatch(/ netdebug \(/);
  });

  it('capture from a pod, with a filter, and leave nothing running', async () => {
    const result = await tshark(
      ['-n', '-i', name(), '-f', 'udp port 9', '-c', '5', '-T', 'fields', '-e', 'udp.dstport'],
      hasDevice,
    );
    expect(result.stdout.trim().split('\n'), result.stderr).toEqual(['9', '9', '9', '9', '9']);
    expect(await leftWorking(pod)).toEqual([]);
  });

  it('show errors, and do not wait', async () => {
    const unnamed = await run('tshark', ['-i', 'netdebug', '-c', '1'], { env });
    expect(unnamed.stderr).toMatch(/Error (by|from) extcap pipe: /);
    const filter = await tshark(['-i', name(), '-f', 'no filter', '-c', '1'], hasDevice);
    expect(filter.stderr).toMatch(/Error (by|from) extcap pipe: .*syntax error/);
  });
});

describe('the extcap protocol', () => {
  it.each(['SIGTERM', 'SIGINT', 'the end of the reader'] as const)(
    'ends a capture on %s',
    async (how) => {
      const fifo = freshPath('fifo');
      await run('mkfifo', [fifo]);
      const reader = start('cat', [fifo]);
      const arguments_ = ['--fifo', fifo, '--extcap-interface', name(), '--capture'];
      const ours = start(program, [...before, '__extcap', ...arguments_], { env });
      onTestFinished(() => {
        reader.child.kill('SIGKILL');
        ours.child.kill('SIGKILL');
      });
      expect(await eventually(() => reader.stdout().length > 1000)).toBe(true);
      if (how === 'the end of the reader') reader.child.kill('SIGKILL');
      else ours.child.kill(how);
      const { code, stderr } = await ours.finished;
      expect([code, stderr]).toEqual([0, '']);
      expect(await leftWorking(pod)).toEqual([]);
    },
  );
});
