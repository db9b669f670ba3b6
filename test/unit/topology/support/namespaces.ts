import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Runs a shell script as root in new network and mount namespaces, with an empty /run in which `ip netns add` works.
 * They end with the script. Returns its standard output; fails with its messages.
 */
export async function inNamespaces(script: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'namespaces-'));
  try {
    const file = join(folder, 'script.sh');
    const start = 'mount -t tmpfs tmpfs /run\nmkdir -p /run/netns\nip link set lo up\n';
    await writeFile(file, `${start}${script}`);
    return await run('unshare', [
      ...['--net', '--mount', '--pid', '--fork', '--kill-child'],
      ...['sh', '-eu', file],
    ]);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function run(program: string, args: readonly string[]): Promise<string> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    errors += text;
  });
  const code = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (code !== 0) throw new Error(`script ended with ${code}:\n${errors}\n${output.slice(-2000)}`);
  return output;
}

/** The sections of an output, which begin with lines `== NAME`. */
export function sectionsOf(output: string): Map<string, string> {
  const parts = output.split(/^== (.*)\n/m).slice(1);
  const sections = new Map<string, string>();
  for (let at = 0; at < parts.length; at += 2) sections.set(parts[at] ?? '', parts[at + 1] ?? '');
  return sections;
}

/** Pseudo-random numbers that are the same each time (mulberry32). */
export function seeded(seed: number): {
  below(limit: number): number;
  oneOf<T>(items: readonly T[]): T;
} {
  let state = seed;
  const below = (limit: number) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
  return { below, oneOf: (items) => items[below(items.length)] as (typeof items)[number] };
}
