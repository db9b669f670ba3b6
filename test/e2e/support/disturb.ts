import { asRootOn, holdAsRootOn, podProcessesScript } from './nodeRoot.ts';
import { type AtEnd, kubectl } from './world.ts';

/**
 * Kills the process that holds a pod's namespaces, without the kubelet's knowledge. The kubelet then creates a new
 * sandbox.
 */
export async function killSandbox(pod: string): Promise<void> {
  const { uid, node } = await identityOf(pod);
  await asRootOn(
    node,
    `${podProcessesScript(uid)}
    for pid in $(processes); do
      if [ "$(cat "/proc/$pid/comm")" = pause ]; then kill -9 "$pid"; fi
    done`,
  );
}

/**
 * Stops the processes on the pod's node that start processes in the pod, until the end of the test at the latest.
 * Resolves when they have stopped, with a function that continues them.
 */
export async function stopShims(pod: string, atEnd: AtEnd): Promise<() => Promise<void>> {
  const { uid, node } = await identityOf(pod);
  const parents = `${podProcessesScript(uid)}
    for pid in $(processes); do sed -n 's/^PPid:[[:space:]]*//p' "/proc/$pid/status"; done | sort -u |
      while read -r pid; do
        case $(cat "/proc/$pid/comm" 2>/dev/null) in containerd-shim*) echo "$pid" ;; esac
      done`;
  const shims = (await asRootOn(node, parents)).trim().split('\n').join(' ');
  if (shims === '') throw new Error(`no shim of ${pod} on ${node}`);
  // A pod with a stopped shim cannot be deleted.
  const script = `kill -STOP ${shims}; echo done; read -r _; kill -CONT ${shims}`;
  const held = await holdAsRootOn(node, script, atEnd);
  return async () => {
    held.child.stdin.end();
    const { code, stderr } = await held.finished;
    if (code !== 0) throw new Error(`the shims of ${pod} stand still: ${stderr}`);
  };
}

async function identityOf(pod: string): Promise<{ uid: string; node: string }> {
  const path = '{.metadata.uid} {.spec.nodeName}';
  const [uid = '', node = ''] = (
    await kubectl(['get', 'pod', pod, '-o', `jsonpath=${path}`])
  ).split(' ');
  return { uid, node };
}
