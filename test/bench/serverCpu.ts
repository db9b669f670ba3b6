import { readdirSync, readFileSync } from 'node:fs';

/** USER_HZ is 100 on every Linux. */
const TICK_MS = 10;
/** Programs of a cluster that every exec passes through. */
const SERVERS = new Set(['kube-apiserver', 'kubelet', 'containerd']);

interface Process {
  readonly parent: number;
  readonly name: string;
  /** CPU time so far, in milliseconds. */
  readonly cpu: number;
}

/**
 * CPU time that a cluster has used so far to serve execs, in milliseconds: of the process `pid` that runs it, and of the
 * API servers, kubelets and runtimes that descend from it.
 */
export function serverCpu(pid: number): number {
  const processes = new Map<number, Process>();
  for (const name of readdirSync('/proc')) {
    const found = /^\d+$/.test(name) ? readProcess(Number(name)) : undefined;
    if (found) processes.set(Number(name), found);
  }
  let sum = processes.get(pid)?.cpu ?? 0;
  for (const [id, { name, cpu }] of processes)
    if (SERVERS.has(name) && descends(id, pid, processes)) sum += cpu;
  return sum;
}

function descends(id: number, ancestor: number, processes: ReadonlyMap<number, Process>): boolean {
  for (let at = processes.get(id)?.parent; at !== undefined; at = processes.get(at)?.parent)
    if (at === ancestor) return true;
  return false;
}

/** Reads proc_pid_stat(5); undefined if the process has ended. */
function readProcess(pid: number): Process | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [, name = '', rest = ''] = /^\d+ \((.*)\) (.*)$/s.exec(stat) ?? [];
    const fields = rest.split(' ');
    const cpu = (Number(fields[11]) + Number(fields[12])) * TICK_MS;
    return { parent: Number(fields[1]), name, cpu };
  } catch {
    return undefined;
  }
}
