import { execFile } from 'node:child_process';
import type { Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { scriptPath, startHeld } from './heldProcess.ts';
import { findFreeSubnet, isSubnetShared } from './subnet.ts';

const run = promisify(execFile);

/** The network that connects the nodes with each other and with this process. */
export interface Fabric {
  /** Address of this machine in the nodes' network 172.30.N.0/24. */
  readonly gateway: string;
  /** Address of a node. Nodes are counted from 1. */
  nodeAddress(index: number): string;
  /** The same for IPv6. This machine has no address in that network. */
  nodeAddress6(index: number): string;
  /** Gives a node, counted from 1, its link eth0. `init` is its first process. */
  attach(index: number, init: number): Promise<void>;
  close(): Promise<void>;
}

/** Creates a network namespace with a bridge, and a link `nd<id>` from this machine's own namespace to it. */
export async function createFabric(id: string, janitor: Writable): Promise<Fabric> {
  const link = `nd${id}`;
  const holder = await startHeld(
    ['unshare', '-n'],
    'fabric.sh',
    [link, String(process.pid)],
    janitor,
  );
  const prefix = await claimSubnet(link).catch(async (error: unknown) => {
    await holder.close();
    throw error;
  });
  return {
    gateway: `${prefix}.1`,
    nodeAddress: (index) => `${prefix}.${10 + index}`,
    nodeAddress6: (index) => `fd00:${prefix.replaceAll('.', ':')}::${10 + index}`,
    async attach(index, init) {
      const inFabric = ['-t', String(holder.pid), '-n'];
      const attach = ['sh', scriptPath('attach.sh'), `node${index}`, String(init)];
      await run('nsenter', [...inFabric, ...attach]);
    },
    close: () => holder.close(),
  };
}

/** Gives the link the first address of a free network. Returns the network's first three numbers. */
async function claimSubnet(link: string): Promise<string> {
  for (;;) {
    const n = await findFreeSubnet();
    const address = `172.30.${n}.1/24`;
    await run('ip', ['link', 'set', link, 'up']);
    await run('ip', ['address', 'add', address, 'dev', link]);
    if (!(await isSubnetShared(n))) return `172.30.${n}`;
    await run('ip', ['address', 'delete', address, 'dev', link]);
    await delay(Math.random() * 50);
  }
}
