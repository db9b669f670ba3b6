import { runPod } from './pods.ts';
import { type Running, start } from './process.ts';
import { type AtEnd, kubectl, world } from './world.ts';

/** Node -> a pod on it that sees all its processes. */
const pods = new Map<string, Promise<string>>();

/** Runs a shell script as root among the processes of a node, in a privileged pod. Returns its output. */
export async function asRootOn(node: string, script: string): Promise<string> {
  return kubectl(['exec', await podOn(node), '--', 'sh', '-c', script]);
}

/**
 * Starts a shell script in the same way. Its input ends with the test, however that ends, and the script must then undo
 * its changes. Resolves when it has printed "done".
 */
export async function holdAsRootOn(node: string, script: string, atEnd: AtEnd): Promise<Running> {
  const words = ['-n', world.namespace, 'exec', '-i', await podOn(node), '--', 'sh', '-c', script];
  const held = start(world.kubectl, words, { env: { KUBECONFIG: world.kubeconfig } });
  atEnd(() => {
    held.child.stdin.end();
  });
  await held.says(/^done$/m);
  return held;
}

function podOn(node: string): Promise<string> {
  const pod = pods.get(node) ?? startPod(node);
  pods.set(node, pod);
  return pod;
}

async function startPod(node: string): Promise<string> {
  const { name } = await runPod('node-root', {
    image: world.flavours[0]?.image ?? '',
    command: ['sleep', 'infinity'],
    spec: { nodeName: node, hostPID: true },
    container: { securityContext: { privileged: true } },
  });
  return name;
}

/** A shell function that prints the IDs of a pod's processes. */
export function podProcessesScript(uid: string): string {
  return `processes() {
    for folder in /proc/[0-9]*; do
      if grep -qE '${uid}|${uid.replaceAll('-', '_')}' "$folder/cgroup" 2>/dev/null; then echo "\${folder#/proc/}"; fi
    done
  }`;
}
