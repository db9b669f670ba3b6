import { readdirSync, readFileSync } from 'node:fs';
import { run } from './process.ts';

/** Runs a shell script on the node of a pod, in the node's own namespaces. Local cluster only. Returns its output. */
export async function onNodeOf(podUid: string, script: string): Promise<string> {
  return onNode(processesOf(podUid), script);
}

/** PIDs, on this machine, of a process of a pod, and of its containerd-shim, which is in the namespaces of its node. */
export interface PodProcesses {
  readonly pod: number;
  readonly shim: number;
}

export function processesOf(podUid: string): PodProcesses {
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    if (!textOf(`/proc/${pid}/cgroup`).replaceAll('_', '-').includes(`pod${podUid}`)) continue;
    const parent = /^PPid:\t(\d+)/m.exec(textOf(`/proc/${pid}/status`))?.[1];
    if (textOf(`/proc/${parent}/comm`).startsWith('containerd-shim'))
      return { pod: Number(pid), shim: Number(parent) };
  }
  throw new Error(`no containerd-shim of pod ${podUid} runs on this machine`);
}

/** Runs a shell script in the namespaces of a pod's node. */
export function onNode({ shim }: PodProcesses, script: string): Promise<string> {
  return inNamespacesOf(shim, ['-m', '-n', '-p'], script);
}

/** Runs a shell script in the network of a pod, with the programs of this machine. */
export function inNetworkOf({ pod }: PodProcesses, script: string): Promise<string> {
  return inNamespacesOf(pod, ['-n'], script);
}

async function inNamespacesOf(
  pid: number,
  which: readonly string[],
  script: string,
): Promise<string> {
  const { code, stdout, stderr } = await run('nsenter', [
    ...['-t', String(pid), ...which, '--', 'sh', '-c', script],
  ]);
  if (code !== 0) throw new Error(`on the node: ${script}: ${code}\n${stderr}`);
  return stdout;
}

/** Processes may end while they are read. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
