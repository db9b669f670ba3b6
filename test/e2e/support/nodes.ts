import { readdirSync, readFileSync } from 'node:fs';
import { run } from './process.ts';

/** Runs a shell script on the node of a pod, in the node's own namespaces; local cluster only. Gives its output. */
export async function onNodeOf(podUid: string, script: string): Promise<string> {
  const { code, stdout, stderr } = await run('nsenter', [
    ...['-t', String(shimOf(podUid)), '-m', '-n', '-p', '--', 'sh', '-c', script],
  ]);
  if (code !== 0) throw new Error(`on the node: ${script}: ${code}\n${stderr}`);
  return stdout;
}

/** The id, on this machine, of the containerd-shim of a pod: a process in the namespaces of its node. */
function shimOf(podUid: string): number {
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    if (!textOf(`/proc/${pid}/cgroup`).replaceAll('_', '-').includes(`pod${podUid}`)) continue;
    const parent = /^PPid:\t(\d+)/m.exec(textOf(`/proc/${pid}/status`))?.[1];
    if (textOf(`/proc/${parent}/comm`).startsWith('containerd-shim')) return Number(parent);
  }
  throw new Error(`no containerd-shim of pod ${podUid} runs on this machine`);
}

/** Processes end while they are looked at. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
