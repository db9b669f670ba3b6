import { isDeepStrictEqual } from 'node:util';
import { beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { NamespaceRow } from '../../src/topology/netns/namespaceRows.ts';
import { failure } from './support/failure.ts';
import { inNetworkOf, onNodeOf, processesOf } from './support/nodes.ts';
import { type ReadyPod, runPod } from './support/pods.ts';
import { eventually } from './support/process.ts';
import { has, needs } from './support/skips.ts';
import { kubectl, netdebug, world } from './support/world.ts';

interface Finding {
  readonly kind: string;
  readonly evidence: string;
  readonly where: Readonly<Record<string, unknown>>;
}

/** A row of the util-linux program that lists namespaces. */
interface LsnsRow {
  readonly ns: number;
  readonly nprocs: number;
  readonly pid: number;
  readonly user: string;
  readonly netnsid: string;
  readonly nsfs: string | null;
  readonly command: string;
}

describe.each(world.flavours)('the network of a node, with the $name image', ({ image }) => {
  const node = `node/${world.nodes[0]}`;
  let first: ReadyPod;
  let second: ReadyPod;
  beforeEach((test) => needs(test, 'nodes on this machine'));
  beforeAll(async () => {
    if (!has('nodes on this machine')) return;
    first = await runPod('first');
    second = await runPod('second');
  });
  const json = async <Answer>(...args: string[]): Promise<Answer> => {
    const all = [...args, '--image', image, '-o', 'json'];
    const { code, stdout, stderr } = await netdebug(all).finished;
    expect(code, `${all.join(' ')}: ${stderr}`).toBe(0);
    return JSON.parse(stdout);
  };
  const findings = async (...args: string[]) =>
    (await json<{ findings: Finding[] }>(...args)).findings;

  it('has the namespaces that lsns lists, with their pods', async () => {
    const lsns = async () =>
      (
        JSON.parse(
          await onNodeOf(first.uid, 'lsns -l -t net -J -o NS,NPROCS,PID,USER,NETNSID,NSFS,COMMAND'),
        ) as { namespaces: LsnsRow[] }
      ).namespaces;
    let [listed, namespaces]: [LsnsRow[], NamespaceRow[]] = [[], []];
    // nginx starts its processes after its pod is ready.
    const isSteady = async () => {
      const before = await lsns();
      ({ namespaces } = await json<{ namespaces: NamespaceRow[] }>('netns', node));
      listed = await lsns();
      const inodes = namespaces.flatMap(({ pod, inode }) =>
        pod === first.name || pod === second.name ? inode : [],
      );
      const rows = (all: readonly LsnsRow[]) => all.filter(({ ns }) => inodes.includes(ns));
      return isDeepStrictEqual(rows(before), rows(listed));
    };
    expect(await eventually(isSteady)).toBe(true);
    for (const { name, ips } of [first, second]) {
      const row = namespaces.find(({ pod }) => pod === name);
      expect(row).toMatchObject({
        podNamespace: world.namespace,
        addresses: ips,
        runtime: 'containerd',
        leaked: false,
      });
      const truth = listed.find(({ ns }) => ns === row?.inode);
      expect(row).toMatchObject({
        nprocs: truth?.nprocs,
        pid: truth?.pid,
        user: truth?.user,
        command: truth?.command,
        nsfs: [truth?.nsfs],
      });
      expect(String(row?.netnsid)).toBe(truth?.netnsid);
    }
    expect(namespaces[0]).toMatchObject({ runtime: 'host', pid: 1 });
    // The namespace of a pod that another test is deleting may be leaked for a moment.
    const leaks = async () =>
      (await json<{ namespaces: NamespaceRow[] }>('netns', node)).namespaces.filter(
        ({ leaked }) => leaked,
      );
    expect(await eventually(async () => (await leaks()).length === 0)).toBe(true);
  });

  it('finds the owner of an address, a process, a device, a namespace and a container', async () => {
    const { facts, namespaces } = await json<{
      facts: {
        objects: { pods: { name: string; containers: { id: string; name: string }[] }[] };
      };
      namespaces: NamespaceRow[];
    }>('netns', node);
    const row = namespaces.find(({ pod }) => pod === first.name);
    const container = facts.objects.pods.find(({ name }) => name === first.name)?.containers[0];
    const links: { ifname: string; link_netnsid?: number }[] = JSON.parse(
      await onNodeOf(first.uid, 'ip -j -d link show type veth'),
    );
    const hostEnd = links.find((link) => link.link_netnsid === row?.netnsid)?.ifname ?? '';
    const owner = { pod: first.name, podNamespace: world.namespace, node: world.nodes[0] };
    for (const [thing, expected] of [
      ...first.ips.map(
        (address) => [address, { kind: 'pod', ...owner, interface: 'eth0', address }] as const,
      ),
      [String(row?.pid), { kind: 'process', ...owner }],
      [`net:[${row?.inode}]`, { kind: 'namespace', ...owner }],
      [row?.nsfs[0]?.split('/').at(-1) ?? '', { kind: 'namespace', ...owner }],
      [
        container?.id.slice(0, 13) ?? '',
        { kind: 'container', ...owner, container: container?.name },
      ],
      [hostEnd, { kind: 'interface', node: world.nodes[0], interface: hostEnd }],
    ] as const) {
      const { owners } = await json<{ owners: object[] }>('who', thing, node);
      expect(owners, thing).toEqual([expect.objectContaining(expected)]);
    }
  });

  it('shows a single namespace from the inside', async () => {
    const { code, stdout } = await netdebug(['netns', first.name, '--image', image]).finished;
    expect(code).toBe(0);
    for (const text of [`${first.ip}/24`, 'default via ', 'cni0', 'RESOLV.CONF'])
      expect(stdout).toContain(text);
    expect(stdout).not.toContain('unknown');
  });

  it('is entered with a shell, by inode and by name', async () => {
    const { namespaces } = await json<{ namespaces: NamespaceRow[] }>('netns', node);
    const row = namespaces.find(({ pod }) => pod === first.name);
    for (const name of [String(row?.inode), row?.nsfs[0]?.split('/').at(-1) ?? '']) {
      const words = ['shell', node, '--netns', name, '--image', image, '--', 'ip', '-o', 'addr'];
      const { code, stdout, stderr } = await netdebug(words).finished;
      expect(code, stderr).toBe(0);
      expect(stdout).toContain(`inet ${first.ip}/24`);
    }
    const none = await failure(['shell', node, '--netns', '7', '--image', image, '--', 'id']);
    expect(none.code).toBe(1);
    expect(none.kinds).toEqual(['not-found']);
  });

  it('shows only the pod’s side if the node may not be entered', async () => {
    const words = ['netns', first.name, '--image', image, '--via', 'ephemeral'];
    const { code, stdout, stderr, notices } = await failure(words);
    expect(code, stderr).toBe(0);
    expect(stdout).toContain(`${first.ip}/24`);
    expect(stdout).toContain('default via ');
    expect(notices).toContain('incomplete');
  });

  it('finds an address that two pods have', async () => {
    const within = (script: string) => inNetworkOf(processesOf(second.uid), script);
    await within(`ip addr add ${first.ip}/32 dev eth0`);
    onTestFinished(async () => {
      await within(`ip addr del ${first.ip}/32 dev eth0`);
    });
    const result = await findings('who', first.ip, node);
    expect(result.map(({ kind }) => kind)).toEqual(['duplicate-address']);
    expect(result[0]?.evidence).toContain(first.name);
    expect(result[0]?.evidence).toContain(second.name);
  });

  it('has a namespace that is only held by a mount, and a device with a hostile name that is printed safely', async () => {
    const name = `cni-0e5ffd4a-8b6e-6a55-0d1c-${process.pid.toString().padStart(12, '0')}`;
    await onNodeOf(
      first.uid,
      `: >/run/netns/${name} && unshare --net=/run/netns/${name} ip link add "$(printf 'e\\033[31mx')" type bridge`,
    );
    onTestFinished(async () => {
      await onNodeOf(first.uid, `umount /run/netns/${name}; rm -f /run/netns/${name}`);
    });
    const { namespaces } = await json<{ namespaces: NamespaceRow[] }>('netns', node);
    const held = namespaces.filter(({ nsfs }) => nsfs.includes(`/run/netns/${name}`));
    expect(held).toMatchObject([
      { nprocs: 0, pid: null, nsfs: [`/run/netns/${name}`], pod: null, leaked: true },
    ]);
    const who = await netdebug(['who', '\u001b[31mx', node, '--image', image]).finished;
    const which = await netdebug(['who', 'e\u001b[31mx', node, '--image', image]).finished;
    expect(who.code).toBe(1);
    expect(which.code, which.stderr).toBe(0);
    expect(which.stdout).toContain('e\\x1b[31mx');
    expect(which.stdout + who.stderr).not.toContain('\u001b');
  });

  it('has its leases checked: one without a sandbox, and a full range', async () => {
    expect(await findings('cni', node)).toEqual([]);
    const second = '/var/lib/cni/networks/second';
    const network = first.ip.replace(/\.\d+$/, '');
    const id = 'c'.repeat(64);
    const ipam = `{"name":"second","type":"bridge","ipam":{"type":"host-local","subnet":"${network}.0/24","rangeStart":"${network}.220","rangeEnd":"${network}.229"}}`;
    await onNodeOf(
      first.uid,
      [
        `mkdir -p ${second} /var/lib/cni/flannel`,
        `echo '${ipam}' >/var/lib/cni/flannel/${id}`,
        `printf '${id}\\r\\neth0' >/var/lib/cni/networks/cbr0/${network}.200`,
        `touch -d "2 days ago" /var/lib/cni/networks/cbr0/${network}.200`,
        `for n in $(seq 220 229); do printf ${id} >${second}/${network}.$n; done`,
        `touch -d "2 days ago" ${second}/*`,
      ].join('\n'),
    );
    onTestFinished(async () => {
      await onNodeOf(
        first.uid,
        `rm -rf ${second} /var/lib/cni/flannel/${id} /var/lib/cni/networks/cbr0/${network}.200`,
      );
    });
    const result = await findings('cni', node);
    expect(result.map(({ kind }) => kind)).toEqual(['leaked-lease', 'leaked-lease', 'range-full']);
    expect(result[0]?.evidence).toContain(`${network}.200`);
    // All are in use, and all are leaked.
    expect(result[2]?.evidence).toMatch(/\b10 of 10\b[\s\S]*\b10\b(?!\.)/);
  });

  it('is read from its own output, without a cluster', async () => {
    const saved = await netdebug(['netns', node, '--image', image, '-o', 'json']).finished;
    const again = await netdebug(['netns', node, '--from', '-', '-o', 'json'], {
      stdin: saved.stdout,
      env: { KUBECONFIG: '/nonexistent' },
    }).finished;
    expect(again.code, again.stderr).toBe(0);
    expect(again.stdout).toBe(saved.stdout);
  });

  it('keeps the pod on the node for the next command on request', async () => {
    const pods = async () =>
      (await kubectl(['get', 'pods', '-l', 'netdebug/kind=node', '-o', 'name']))
        .split('\n')
        .filter(Boolean);
    const others = await pods();
    await json('netns', node, '--keep-node', '30s');
    const kept = (await pods()).filter((name) => !others.includes(name));
    expect(kept).toHaveLength(1);
    onTestFinished(async () => {
      await kubectl(['delete', ...kept, '--wait=false']);
    });
    await json('cni', node);
    expect((await pods()).filter((name) => !others.includes(name))).toEqual(kept);
  });
});
