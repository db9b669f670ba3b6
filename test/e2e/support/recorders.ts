import { expect } from 'vitest';
import { eventually, run, start } from './process.ts';
import { type AtEnd, world } from './world.ts';

/** After a line of input, counts the seconds until no recorder runs in the pod. */
const COUNT = `echo ready; read -r _; n=0
while [ "$n" -lt 100 ] && grep -qsxE 'dumpcap|tcpdump' /proc/[0-9]*/comm; do sleep 1; n=$((n + 1)); done; echo "after $n"`;

/** Watches the recorder of a pod from its debugger until the recorder has ended. */
export async function watchRecorder(pod: string, atEnd: AtEnd) {
  const words = ['-n', world.namespace, 'exec', '-i', pod, '-c', 'netdebug-network', '--'];
  const env = { KUBECONFIG: world.kubeconfig };
  const watching = start(world.kubectl, [...words, 'sh', '-c', COUNT], { env });
  atEnd(() => watching.child.kill('SIGKILL'));
  await watching.says(/^ready$/m);
  return {
    /** The seconds from this call to the recorder's end, as counted in the pod. */
    secondsToItsEnd: async () => {
      watching.child.stdin.end('\n');
      const { stdout, stderr } = await watching.finished;
      const seconds = /^after (\d+)$/m.exec(stdout)?.[1];
      if (seconds === undefined) throw new Error(`the recorder was not watched: ${stderr}`);
      return Number(seconds);
    },
  };
}

/** The names of the files in the rings of a container, and their size together. Empty while there is none. */
async function ringIn(
  pod: string,
  container = 'netdebug-network',
): Promise<{ readonly files: readonly string[]; readonly bytes: number }> {
  const script =
    'cd /netdebug-*/ring || cd /netdebug-volume/netdebug-*/ring || exit; ls; cat * | wc -c';
  const { stdout } = await run(
    world.kubectl,
    [
      '-n',
      world.namespace,
      'exec',
      pod,
      '-c',
      container,
      '--',
      'sh',
      '-c',
      `{ ${script}; } 2>/dev/null`,
    ],
    { env: { KUBECONFIG: world.kubeconfig } },
  );
  const files = stdout.split('\n').filter(Boolean);
  return { bytes: Number(files.pop() ?? 0), files };
}

/** Watches the ring of a pod's recorder. `turned` waits until none of the present files is there any more. */
export async function watchRing(pod: string): Promise<{ turned(): Promise<void> }> {
  const before = new Set((await ringIn(pod)).files);
  expect(before.size).toBeGreaterThan(0);
  return {
    turned: async () => {
      const isTurned = async () => {
        const { files } = await ringIn(pod);
        return files.length > 0 && !files.some((name) => before.has(name));
      };
      expect(await eventually(isTurned), [...before].join(' ')).toBe(true);
    },
  };
}

/** Waits until a detached capture has recorded at least the given number of the chatter's datagrams. */
export async function recordsDatagrams(pod: string, capture: string, least: number): Promise<void> {
  const container = `netdebug-capture-${capture}`;
  const enough = async () => (await ringIn(pod, container)).bytes >= least * DATAGRAM_BYTES;
  expect(await eventually(enough), `${least} datagrams in ${container} of ${pod}`).toBe(true);
}

/** The bytes of a datagram of ten bytes in a file: the headers of the record, Ethernet, IP and UDP. */
const DATAGRAM_BYTES = 16 + 14 + 20 + 8 + 10;
