import { afterEach, expect, it, vi } from 'vitest';
import { runCommandLine } from '../../../src/cli/commandLine.ts';
import { CONNECTION_FLAGS } from '../../../src/cli/flags/connection.ts';
import { runProgram, upstreamKubectl } from '../kubeconfig/clients.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

async function printed(...args: string[]): Promise<string> {
  let text = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
  expect(await runCommandLine(args)).toBe(0);
  return text;
}

it.skipIf(!upstreamKubectl())(
  'lists the same options as kubectl options, except those for caches and logs',
  async () => {
    const ours = await printed('options');
    const args = ['-c', 'exec "$0" options >&2', upstreamKubectl()];
    const { stderr: theirs } = await runProgram('sh', { args, env: {}, cwd: '/' });
    const flags = (text: string) =>
      new Map(
        [...text.matchAll(/^ {4}(?:-(\w), )?--([a-z-]+)=(.*):\n\t(.*)$/gm)].map(
          ([, short, name, value, describe]) => [name, { short, value, describe }],
        ),
      );
    const [own, kubectl] = [flags(ours), flags(theirs)];
    expect(own.delete('trace-timing')).toBe(true);
    expect(own.size).toBe(Object.keys(CONNECTION_FLAGS).length);
    for (const [name, flag] of own) {
      // Two differ: -s belongs to tcpdump, and captures have no request timeout.
      const expected = kubectl.get(name);
      if (name === 'server') expect({ ...flag, short: 's' }).toEqual(expected);
      else if (name === 'request-timeout')
        expect(flag.describe).toBe(
          `${expected?.describe} Captures and watches last as long as they need.`,
        );
      else expect({ name, ...flag }).toEqual({ name, ...expected });
    }
    expect([...kubectl.keys()].filter((name) => !own.has(name))).toEqual([
      ...['cache-dir', 'disable-compression', 'kuberc', 'log-flush-frequency'],
      ...[
        'match-server-version',
        'profile',
        'profile-output',
        'v',
        'vmodule',
        'warnings-as-errors',
      ],
    ]);
  },
);
