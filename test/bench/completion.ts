import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Clients, CommandLine } from './clients.ts';
import { interleave } from './interleave.ts';
import { record } from './results.ts';

const GROUP = 'Completion';
const CONTEXTS = 10_000;

/** The calls of a shell for a Tab: CPU time, and the answer with a large kubeconfig. */
export async function benchCompletion(clients: Clients, rounds: number): Promise<void> {
  const { netdebug, kubectl, kubeconfig } = clients;
  const folder = mkdtempSync(join(tmpdir(), 'netdebug-bench-'));
  try {
    const pods = [
      cpuOf(kubeconfig, [netdebug, '__complete', 'capture', '']),
      cpuOf(kubeconfig, [kubectl, '__complete', 'exec', '']),
    ];
    await interleave(1, pods);
    const [ours = [], theirs = []] = await interleave(rounds, pods);
    const against = 'kubectl __complete exec';
    const goal = { most: 1 };
    record({ group: GROUP, name: 'pods', unit: 'cpu-ms', ours, theirs, against, goal });

    const large = join(folder, 'kubeconfig');
    writeFileSync(large, largeKubeconfig(), { mode: 0o600 });
    const contexts = [
      timeOf(large, [netdebug, '__complete', 'capture', '--context', '']),
      timeOf(large, [kubectl, '__complete', 'exec', '--context', '']),
    ];
    await interleave(1, contexts);
    const [mine = [], other = []] = await interleave(rounds, contexts);
    const name = `contexts, of ${CONTEXTS.toLocaleString('en')}`;
    record({ group: GROUP, name, unit: 'ms', ours: mine, theirs: other, against, goal });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Milliseconds of CPU time for a command. */
function cpuOf(kubeconfig: string, commandLine: CommandLine) {
  return async () => {
    // The shell's keyword has a resolution of a millisecond, and counts only its command.
    const script = 'TIMEFORMAT="%U %S"; time "$@" >/dev/null 2>&1';
    const errorText = await output(
      kubeconfig,
      ['bash', '-c', script, 'bash', ...commandLine],
      'stderr',
    );
    const [user = Number.NaN, system = Number.NaN] = errorText.trim().split(' ').map(Number);
    return (user + system) * 1000;
  };
}

function timeOf(kubeconfig: string, commandLine: CommandLine) {
  return async () => {
    const startTime = performance.now();
    const answer = await output(kubeconfig, commandLine, 'stdout');
    const taken = performance.now() - startTime;
    const count = answer.split('\n').filter((line) => line.startsWith('context-')).length;
    if (count < CONTEXTS) throw new Error(`${commandLine[0]}: ${count} contexts`);
    return taken;
  };
}

async function output(
  kubeconfig: string,
  [program, ...args]: CommandLine,
  stream: 'stdout' | 'stderr',
): Promise<string> {
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, KUBECONFIG: kubeconfig },
  });
  const texts = await Promise.all([text(child.stdout), text(child.stderr)]);
  return texts[stream === 'stdout' ? 0 : 1];
}

/** A kubeconfig of 6.5 MB, as a company's tool may write it: a cluster, a user and a context for each name. */
function largeKubeconfig(): string {
  const names = Array.from({ length: CONTEXTS }, (_, index) => `context-${index}`);
  const data = 'A'.repeat(260);
  return [
    'apiVersion: v1',
    'kind: Config',
    'clusters:',
    ...names.map(
      (name) =>
        `- name: ${name}\n  cluster:\n    server: https://${name}.example.com:6443\n    certificate-authority-data: ${data}`,
    ),
    'users:',
    ...names.map((name) => `- name: ${name}\n  user:\n    token: ${data.slice(0, 60)}`),
    'contexts:',
    ...names.map((name) => `- name: ${name}\n  context:\n    cluster: ${name}\n    user: ${name}`),
    'current-context: context-0',
    '',
  ].join('\n');
}
