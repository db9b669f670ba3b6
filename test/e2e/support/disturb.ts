import { setTimeout as wait } from 'node:timers/promises';
import { asRootOn, podProcessesScript } from './nodeRoot.ts';
import { type AtEnd, kubectl } from './world.ts';

/** Kills the process that holds a pod's namespaces, unknown to its kubelet, which makes a new sandbox. */
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
 * Stops, for some time, the processes on its node that start what runs in a pod. Resolves when they stand still, with the
 * time when they run again; `atEnd` is called with what lets them run, should the test end before.
 */
export async function stopShims(
  pod: string,
  milliseconds: number,
  atEnd: AtEnd,
): Promise<{ readonly over: Promise<void> }> {
  const { uid, node } = await identityOf(pod);
  const parents = `${podProcessesScript(uid)}
    for pid in $(processes); do sed -n 's/^PPid:[[:space:]]*//p' "/proc/$pid/status"; done | sort -u |
      while read -r pid; do
        case $(cat "/proc/$pid/comm" 2>/dev/null) in containerd-shim*) echo "$pid" ;; esac
      done`;
  const shims = (await asRootOn(node, parents)).trim().split('\n').join(' ');
  if (shims === '') throw new Error(`no shim of ${pod} on ${node}`);
  const go = () => asRootOn(node, `kill -CONT ${shims}`);
  await asRootOn(node, `kill -STOP ${shims}`);
  atEnd(() => void go().catch(() => {}));
  const over = wait(milliseconds).then(async () => {
    await go();
  });
  return { over };
}

async function identityOf(pod: string): Promise<{ uid: string; node: string }> {
  const path = '{.metadata.uid} {.spec.nodeName}';
  const [uid = '', node = ''] = (
    await kubectl(['get', 'pod', pod, '-o', `jsonpath=${path}`])
  ).split(' ');
  return { uid, node };
}
