import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { BOOT_COMMAND, bootInput, RUN_WORDS } from '../../../src/debugger/bootCommand.ts';
import { LeasedProcess } from '../../../src/debugger/leasedProcess.ts';
import { startShortCommand } from '../../../src/debugger/shortCommand.ts';
import { descriptorsCommand, processNamesCommand } from '../../../src/tools/procNet.ts';
import { ssCommand } from '../../../src/tools/ss.ts';
import { FakePod } from '../capture/fakePod.ts';
import { fakeServer } from '../kube/fakeServer.ts';

/** The shells of the images: Debian's and Alpine's. */
const SHELLS = [
  { name: 'dash', shell: ['dash'] },
  { name: 'busybox ash', shell: ['busybox', 'ash'] },
].filter(({ shell: [program = ''] }) => spawnSync('which', [program]).status === 0);

function boot(shell: readonly string[], words: readonly string[], path = process.env.PATH) {
  const [, ...args] = BOOT_COMMAND;
  const input = bootInput(RUN_WORDS, words);
  const [name = '', ...rest] = shell;
  const program = execFileSync('which', [name], { encoding: 'utf8' }).trim();
  const child = spawn(program, [...rest, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, PATH: path },
  });
  child.stdin.on('error', () => {});
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = Promise.all([
    text(child.stdout),
    new Promise<number | null>((resolve) => child.once('close', resolve)),
  ]);
  return { child, input, ended };
}

describe.each(SHELLS)('a command on standard input, in $name', ({ shell }) => {
  it('gets exactly the words that were sent, and the rest of the input', async () => {
    const words = [
      ...['', ' two  spaces ', '\ttab\t', "it's", '"$HOME" `id` $(id) %s %b *', '-n', 'é€'],
      ...['\x1f', '\x1e\x1d\x01', 'ā€ ÿ ł', '*', '', ''],
      ...['back\\slash', '\\n', '\\\\n', '\\c', '\\0101', 'two\nlines', '\n\nends\n\n', '#', '\\'],
    ];
    const script = 'printf "<%s>" "$@"; cat';
    const { child, input, ended } = boot(shell, [...shell, '-c', script, 'script', ...words]);
    child.stdin.end(`${input}the rest\nof it`);
    expect(await ended).toEqual([`${words.map((word) => `<${word}>`).join('')}the rest\nof it`, 0]);
  });

  it('may end with empty words, and be long', async () => {
    const words = ['x*'.repeat(5_000), 'two\nlines\n'.repeat(500), '', ''];
    const command = [...shell, '-c', 'printf "<%s>" "$@"; cat', 'script', ...words];
    const { child, input, ended } = boot(shell, command);
    child.stdin.end(`${input}the rest`);
    expect(await ended).toEqual([`${words.map((word) => `<${word}>`).join('')}the rest`, 0]);
  });

  it('may arrive in any pieces', async () => {
    const { child, input, ended } = boot(shell, ['printf', '%s.', 'a\\b', 'c\nd']);
    for (const letter of input) {
      child.stdin.write(letter);
      await wait(1);
    }
    child.stdin.end();
    expect(await ended).toEqual(['a\\b.c\nd.', 0]);
  });

  it('is read by the shell itself if the image has no suitable dd', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'netdebug-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, 'dd'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    const words = ['two\nlines', "it's", '\\n', '\n\n'];
    const command = [...shell, '-c', 'printf "<%s>" "$@"; cat', 'script', ...words];
    const { child, input, ended } = boot(shell, command, `${folder}:${process.env.PATH}`);
    child.stdin.end(`${input}the rest\nof it`);
    expect(await ended).toEqual([`${words.map((word) => `<${word}>`).join('')}the rest\nof it`, 0]);
  });

  it('does not run if it arrives incomplete', async () => {
    const { child, input, ended } = boot(shell, ['echo', 'ran', 'whole']);
    child.stdin.end(input.slice(0, -2));
    expect(await ended).toEqual(['', 1]);
  });

  it('is waited for no longer than a silent client', async () => {
    const { child, input, ended } = boot(shell, ['echo', 'ran', 'whole']);
    child.stdin.write(input.slice(0, -2));
    const [output] = await ended;
    expect(output).toBe('');
    expect(child.signalCode).toBe('SIGTERM');
  });
});

describe('the request that starts a command', () => {
  /** Proxies accept 8 KB by default (nginx: large_client_header_buffers 4 8k); half is left for their own headers. */
  const LIMIT = 4_000;

  /** The longest names that Kubernetes allows. */
  const PLACE = {
    namespace: 'n'.repeat(63),
    pod: 'p'.repeat(253),
    container: 'c'.repeat(63),
    kind: 'ephemeral' as const,
  };

  async function requests() {
    const urls: string[] = [];
    const pods: FakePod[] = [];
    const { access } = await fakeServer({
      exec: (socket, request) => {
        urls.push(request.url ?? '');
        pods.push(new FakePod(socket, request));
      },
    });
    return { access, urls, pods };
  }

  it('is short, however long the script and the filter', async () => {
    const { access, urls, pods } = await requests();
    const script = 'echo "é"\n'.repeat(2_000);
    const expression = 'host 10.0.0.1 or '.repeat(1_000);
    const process = await LeasedProcess.start(access, PLACE, {
      script,
      command: ['record', expression],
    });
    onTestFinished(() => process.close());
    await pods[0]?.started;
    const command = pods[0]?.command ?? [];
    expect(command.slice(0, 3)).toEqual(['12', 'sh', '-c']);
    // Not in one comparison: a difference would print everything.
    expect(command[3] === script).toBe(true);
    expect(command.slice(4, 6)).toEqual(['netdebug', 'record']);
    expect(command[6] === expression).toBe(true);
    expect(urls[0]?.length).toBeLessThan(LIMIT);
  });

  it.each(['network', 'processes'] as const)('is short for lists, profile %s', async (profile) => {
    const { access, urls } = await requests();
    const families = { tcp: true, udp: true, unix: true, ipv4: true, ipv6: true };
    const lists = [
      ssCommand({ ...families, states: 'all', processes: true, details: true }),
      processNamesCommand,
      descriptorsCommand,
    ];
    for (const list of lists) {
      const command = await startShortCommand(access, PLACE, profile, list);
      onTestFinished(() => command.close());
    }
    expect(urls).toHaveLength(lists.length);
    expect(Math.max(...urls.map((url) => url.length))).toBeLessThan(LIMIT);
  });
});
