import { readdirSync, readFileSync } from 'node:fs';
import type { PodProcesses } from './nodes.ts';
import { onNode } from './nodes.ts';
import { run } from './process.ts';

interface IpLink {
  readonly address: string;
}

interface FdbEntry {
  readonly mac: string;
  readonly ifname: string;
  readonly state?: string;
}

/**
 * Runs a shell script in the network that connects the nodes of the local cluster. `$PORT` is the device that a pod's
 * node is connected to.
 */
export async function onFabric(processes: PodProcesses, script: string): Promise<void> {
  const [uplink]: IpLink[] = JSON.parse(await onNode(processes, 'ip -j link show eth0'));
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    if (!commandOf(pid).includes('fabric.sh')) continue;
    const { code, stdout } = await run('nsenter', ['-t', pid, '-n', 'bridge', '-j', 'fdb', 'show']);
    const entries: FdbEntry[] = code === 0 ? JSON.parse(stdout) : [];
    // Several clusters with the same names and indexes may run. This is the bridge that has learned the node's address.
    const port = entries.find(({ mac, state }) => mac === uplink?.address && state !== 'permanent');
    if (port === undefined) continue;
    const done = await run('nsenter', [
      ...['-t', pid, '-n', 'env', `PORT=${port.ifname}`, 'sh', '-c', script],
    ]);
    if (done.code !== 0) throw new Error(`on the fabric: ${script}: ${done.stderr}`);
    return;
  }
  throw new Error('no fabric runs on this machine');
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
