import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type FaultPod, startFaultPod } from './support/faultScene.ts';
import { inNetworkOf, onNode } from './support/nodes.ts';
import { deleteKeptPods, makePod } from './support/pods.ts';
import { eventually, run } from './support/process.ts';
import { has, needs } from './support/skips.ts';
import { kubectl, PROGRAM, world } from './support/world.ts';

const PLACE = ['--node-namespace', world.namespace, '--keep-node', '5m'];
const LEASES = '/var/lib/cni/networks/cbr0';

interface Finding {
  readonly kind: string;
  readonly evidence: string;
}

async function json<Answer>(...words: string[]): Promise<Answer> {
  const [program, ...before] = PROGRAM;
  const all = [...before, ...words, '-o', 'json', '-n', world.namespace, ...PLACE];
  const { stdout, stderr, code } = await run(program, all, {
    env: { KUBECONFIG: world.kubeconfig },
  });
  if (code !== 0) throw new Error(`${words.join(' ')} ended with ${code}: ${stderr}`);
  return JSON.parse(stdout);
}

describe('a node', { timeout: 300_000 }, () => {
  let pod: FaultPod;

  beforeEach((test) => needs(test, 'nodes on this machine'));
  beforeAll(async () => {
    if (has('nodes on this machine')) pod = await startFaultPod(0);
  }, 180_000);
  afterAll(async () => {
    if (has('nodes on this machine')) await deleteKeptPods();
    if (pod !== undefined) await kubectl(['delete', 'pod', '--now', '--wait=false', pod.name]);
  });

  it('whose addresses are all in use is entered anyway, and the owners are reported', async () => {
    const prefix = pod.podCidr.replace(/0\/24$/, '');
    const id = 'd'.repeat(64);
    // The files that a killed runtime leaves for sandboxes that are gone. host-local skips .1 and .255.
    await onNode(
      pod.processes,
      `for n in $(seq 2 254); do [ -e ${LEASES}/${prefix}$n ] || { printf '${id}\\r\\neth0' >${LEASES}/${prefix}$n; touch -d '2 days ago' ${LEASES}/${prefix}$n; }; done`,
    );
    let refused = '';
    try {
      const name = await makePod('refused');
      const isRefused = async () => {
        refused = await kubectl([
          'get',
          'events',
          '--field-selector',
          `involvedObject.name=${name}`,
        ]);
        return refused.includes('no IP addresses available');
      };
      expect(await eventually(isRefused), refused).toBe(true);
      const { findings } = await json<{ findings: Finding[] }>('cni', `node/${world.nodes[0]}`);
      const full = findings.find(({ kind }) => kind === 'range-full');
      expect(full?.evidence).toContain('253 of 253');
      const byNobody = Number(/(\d+) of them without a sandbox/.exec(full?.evidence ?? '')?.[1]);
      expect(byNobody).toBeGreaterThan(240);
      expect(findings.map(({ kind }) => kind)).toContain('leaked-lease');
    } finally {
      await onNode(pod.processes, `grep -l '^${id}' ${LEASES}/* | xargs rm -f`);
    }
    expect((await json<{ findings: Finding[] }>('cni', `node/${world.nodes[0]}`)).findings).toEqual(
      [],
    );
  });

  it('has a pod with two interfaces: each address belongs to the pod, and is reached through its own interface', async () => {
    const { processes } = pod;
    await onNode(
      processes,
      'ip link add second0 type bridge; ip addr add 10.77.0.1/24 dev second0; ip link set second0 up',
    );
    try {
      await onNode(
        processes,
        `ip link add second1 type veth peer name second2; ip link set second1 master second0 up; ip link set second2 netns ${await pidOnNode(pod)} name net1`,
      );
      await inNetworkOf(processes, 'ip addr add 10.77.0.2/24 dev net1; ip link set net1 up');
      const { owners } = await json<{ owners: { pod: string; interface: string }[] }>(
        'who',
        '10.77.0.2',
      );
      expect(owners).toMatchObject([{ pod: pod.name, interface: 'net1' }]);
      const { directions, findings } = await json<{
        directions: { end: string; hops: { device: string }[] }[];
        findings: Finding[];
      }>('path', `node/${world.nodes[0]}`, '10.77.0.2');
      expect(findings).toEqual([]);
      expect(directions.map(({ end }) => end)).toEqual(['delivered', 'delivered']);
      expect(directions[0]?.hops.map(({ device }) => device)).toEqual([
        'second0',
        'second1',
        'net1',
      ]);
    } finally {
      await onNode(processes, 'ip link del second1; ip link del second0');
    }
  });
});

/** The first process in a pod's network, as seen by its node. */
async function pidOnNode({ uid, processes }: FaultPod): Promise<string> {
  const output = await onNode(
    processes,
    `grep -l ${uid} /proc/[0-9]*/cgroup | sed 's/[^0-9]//g' | sort -n | head -n 1`,
  );
  return output.trim();
}
