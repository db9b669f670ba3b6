import { execFile } from 'node:child_process';
import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Fabric } from '../cluster/nodes/fabric.ts';
import { type HeldProcess, startHeld } from '../cluster/nodes/heldProcess.ts';
import { type NodeFiles, writeNodeFiles } from './nodeFiles.ts';

const run = promisify(execFile);

/** The parameters of a node. The index counts from 1 and determines its address. */
export interface NodePlan extends Omit<NodeFiles, 'address'> {
  readonly index: number;
  /** Its control group, without a leading slash. */
  readonly group: string;
}

/** A part that has ended this often, at intervals of a second, fails to start. */
const MANY_ENDS = 10;

/** A machine of the cluster with its own namespaces: network, mounts, processes, control groups. */
export class KubernetesNode {
  readonly name: string;
  readonly folder: string;
  readonly address: string;
  readonly #holder: HeldProcess;
  /** PID of its first process, through which its namespaces are entered. */
  readonly init: number;

  private constructor(plan: NodePlan, address: string, holder: HeldProcess, init: number) {
    this.name = plan.name;
    this.folder = plan.folder;
    this.address = address;
    this.#holder = holder;
    this.init = init;
  }

  /** Creates the namespaces and the link. Nothing runs there yet. */
  static async start(plan: NodePlan, fabric: Fabric, janitor: Writable): Promise<KubernetesNode> {
    const { index, folder, name, group, binaries } = plan;
    const address = fabric.nodeAddress(index);
    await writeNodeFiles({ ...plan, address });
    const script = (file: string) => fileURLToPath(new URL(file, import.meta.url));
    const holder = await startHeld(
      [
        'unshare',
        ...['-n', '-m', '-p', '-u', '-f', '--kill-child=KILL', '--propagation', 'private'],
        '--mount-proc',
        ...['sh', script('groups.sh'), group, 'unshare', '-C'],
      ],
      script('node.sh'),
      [name, folder, address, fabric.gateway, binaries],
      janitor,
    );
    try {
      const init = await firstChild(holder.pid);
      await fabric.attach(index, init);
      holder.tell('eth0 is there');
      return new KubernetesNode(plan, address, holder, init);
    } catch (error) {
      await holder.close();
      throw error;
    }
  }

  /** Starts a part from the command that `writePart` wrote, and restarts it whenever it ends. */
  startPart(name: string): void {
    this.#holder.tell(name);
  }

  /** Runs a program of this machine on the node. Returns its output. */
  async run(command: readonly string[]): Promise<string> {
    const { stdout } = await run('nsenter', [...enterWords(this.init), ...command]);
    return stdout;
  }

  /** Copies a file of this machine to a path on the node. */
  async put(from: string, path: string): Promise<void> {
    await copyFile(from, `/proc/${this.init}/root${path}`);
  }

  /**
   * Retries until there is an answer. If that takes too long, or the part has ended too often, fails with the last
   * error and the end of the part's log.
   */
  async until<Answer>(
    part: string,
    ask: () => Promise<Answer>,
    signal: AbortSignal,
  ): Promise<Answer> {
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        const log = await readFile(join(this.folder, 'var/log', `${part}.log`), 'utf8').catch(
          () => '',
        );
        const ends = log.match(/^--- .* ended with /gm)?.length ?? 0;
        if (signal.aborted || ends >= MANY_ENDS)
          throw new Error(`${part} on ${this.name} is not ready: ${error}\n${log.slice(-3000)}`);
      }
      await delay(150);
    }
  }

  /** Ends everything that runs on the node. */
  close(): Promise<void> {
    return this.#holder.close();
  }
}

/** The arguments of nsenter to run something on the node with that first process. */
export function enterWords(init: number): string[] {
  return ['-t', String(init), '-m', '-p', '-n', '-u', '-C'];
}

/** The first process of a PID namespace is the only child of the `unshare` that created it. */
async function firstChild(pid: number): Promise<number> {
  return Number((await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim());
}
