import { eventually, run, start } from './process.ts';
import { world } from './world.ts';

export interface Process {
  readonly pid: number;
  readonly name: string;
  readonly state: string;
  readonly parent: number;
  /** Whether it is what the keys of its terminal act on, such as Ctrl-C. */
  readonly foreground: boolean;
}

const DEBUGGER = 'netdebug-network';

/** The processes a container sees, except the one that lists them. */
export async function processes(
  pod: string,
  container: string,
  namespace = world.namespace,
): Promise<Process[]> {
  const { stdout } = await run(
    world.kubectl,
    [
      ...['-n', namespace, 'exec', pod, '-c', container, '--'],
      ...['sh', '-c', 'exec cat /proc/[0-9]*/stat'],
    ],
    { env: { KUBECONFIG: world.kubeconfig } },
  );
  // A process that ends while it is listed makes cat complain; an empty list would be no list.
  if (!stdout.includes('(cat)')) throw new Error(`cannot list the processes of ${pod}`);
  return processesIn(stdout);
}

/** The processes in the text of several files /proc/PID/stat, except cat. */
function processesIn(text: string): Process[] {
  return text
    .split('\n')
    .map((line) => /^(\d+) \((.*)\) (\S) (\d+) (\d+) \d+ \d+ (-?\d+)/.exec(line))
    .filter((match) => match !== null)
    .map(([, pid, name, state, parent, group, foregroundGroup]) => ({
      pid: Number(pid),
      name: name ?? '',
      state: state ?? '',
      parent: Number(parent),
      foreground: group === foregroundGroup,
    }))
    .filter(({ name }) => name !== 'cat');
}

/** The processes in a pod's network debugger, except its main process and that process's sleep. */
export async function working(
  pod: string,
  container = DEBUGGER,
  namespace = world.namespace,
): Promise<string[]> {
  return workingIn(await processes(pod, container, namespace));
}

function workingIn(all: readonly Process[]): string[] {
  return all
    .filter(({ pid, name, parent }) => pid !== 1 && !(name === 'sleep' && parent === 1))
    .map(({ pid, name, state }) => `${pid} ${name} ${state}`);
}

/**
 * Waits until only the main process runs in a pod's network debugger. Returns the other processes that run when the
 * time is over. The processes of a command that has ended may not have exited yet, and those of an abandoned command
 * may not have started yet.
 */
export async function leftWorking(pod: string, container?: string, namespace?: string) {
  const isIdle = (all: readonly Process[]) => workingIn(all).length === 0;
  return workingIn(await untilProcesses(pod, isIdle, container, namespace));
}

/** Lists the processes for each line of input. */
const LIST = `echo "own $$"; n=0
while read -r _; do n=$((n + 1)); cat /proc/[0-9]*/stat 2>/dev/null; echo "end $n"; done`;

/**
 * Waits until the processes of a container meet a condition, and returns them, or those that run when the time is over.
 * A single process in the container lists them each time, because starting one uses much CPU.
 */
export async function untilProcesses(
  pod: string,
  isMet: (all: readonly Process[]) => boolean,
  container = DEBUGGER,
  namespace = world.namespace,
): Promise<Process[]> {
  const words = ['-n', namespace, 'exec', '-i', pod, '-c', container, '--', 'sh', '-c', LIST];
  const listing = start(world.kubectl, words, { env: { KUBECONFIG: world.kubeconfig } });
  let processes: Process[] = [];
  let [lists, read] = [0, 0];
  try {
    await eventually(async () => {
      lists += 1;
      listing.child.stdin.write('\n');
      await listing.says(new RegExp(`^end ${lists}$`, 'm'));
      const text = listing.stdout();
      const own = Number(/^own (\d+)$/m.exec(text)?.[1]);
      processes = processesIn(text.slice(read)).filter(({ pid }) => pid !== own);
      read = text.length;
      return isMet(processes);
    });
  } finally {
    listing.child.stdin.end();
  }
  await listing.finished;
  return processes;
}
