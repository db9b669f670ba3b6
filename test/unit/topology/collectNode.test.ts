import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { textOfFile } from '../../../scripts/textFiles.ts';
import { nodeFactsOf } from '../../../src/topology/collect/nodeFacts.ts';
import { parseSections, type Section } from '../../../src/topology/collect/sections.ts';
import type { NodeFacts } from '../../../src/topology/model/nodeFacts.ts';

const SRC = join(import.meta.dirname, '..', '..', '..', 'src', 'topology', 'collect');
const script = (name: string) => textOfFile(join(SRC, name));
const canUnshare =
  process.getuid?.() === 0 && spawnSync('unshare', ['-m', '-n', '-p', '-f', 'true']).status === 0;

const SHELLS: readonly (readonly [string, readonly string[]])[] = [
  ['dash', ['dash', '-c']],
  ['busybox', ['busybox', 'sh', '-c']],
];

describe.skipIf(!canUnshare).each(SHELLS)(
  'the facts that collect.sh reads from a node, in %s',
  (_, shell) => {
    const scratch = mkdtempSync(join(tmpdir(), 'netdebug-node-'));
    let node: NodeFacts;
    let sections: Section[];
    const json = (name: string) => JSON.parse(clean(readFileSync(join(scratch, name), 'utf8')));

    beforeAll(async () => {
      const miniNode = join(import.meta.dirname, 'miniNode.sh');
      const { status, stderr } = spawnSync(
        'unshare',
        [
          ...['-m', '-n', '-p', '-f', '--mount-proc', '--propagation', 'private', 'sh', miniNode],
          ...[
            script('collect.sh'),
            script('inside.sh'),
            scratch,
            process.execPath,
            'first',
            ...shell,
          ],
        ],
        { encoding: 'utf8', timeout: 60_000 },
      );
      expect(stderr).toBe('');
      expect(status).toBe(0);
      sections = parseSections(gunzipSync(readFileSync(join(scratch, 'collected'))), 'TOKEN');
      node = await nodeFactsOf(sections, { name: 'node-a', showAnnotations: false });
    });
    afterAll(() => rmSync(scratch, { recursive: true }));

    it('are complete', () => {
      expect(sections.at(-1)?.name).toBe('end');
      expect(node.unknown).toEqual([]);
    });

    it("include the kernel's answers for pairs of addresses", () => {
      const answersAt = (inode: number | undefined) =>
        node.namespaces.find((candidate) => candidate.inode === inode)?.answers ?? [];
      const question = { to: '10.244.1.7', from: '10.244.2.9', inputDevice: 'flannel.1' };
      const forwarded = answersAt(node.hostInode).find(
        (answer) => JSON.stringify(answer.question) === JSON.stringify(question),
      );
      expect(forwarded?.route?.device).toBe(json('forwarded')[0].dev);
      const first = node.namespaces.find(({ links }) => links?.some(({ mtu }) => mtu === 1400));
      const forwardedAnswer = answersAt(first?.inode).find(
        ({ question: { to } }) => to === 'fd00:1::1',
      );
      expect(forwardedAnswer).toMatchObject({ question: { from: 'fd00:1::7' }, code: 0 });
      expect(forwardedAnswer?.route?.device).toBe(json('sent')[0].dev);
    });

    it('include the namespaces that lsns lists, and one held only by a mount', () => {
      const all = json('lsns').namespaces as {
        ns: number;
        nprocs: number;
        pid: number;
        user: string;
        netnsid: string;
        command: string;
      }[];
      // From util-linux 2.40 on, lsns also lists namespaces without processes.
      const listed = all.filter(({ nprocs }) => nprocs > 0);
      const ours = node.namespaces.filter(({ processCount = 0 }) => processCount > 0);
      expect(ours.map(({ inode }) => inode).sort()).toEqual(listed.map(({ ns }) => ns).sort());
      for (const { ns, pid, user, netnsid, nprocs, command } of listed) {
        const listedNamespace = node.namespaces.find(({ inode }) => inode === ns);
        expect(listedNamespace).toMatchObject({ pid, user });
        expect(listedNamespace?.netnsid ?? 'unassigned').toBe(
          netnsid === 'unassigned' ? netnsid : Number(netnsid),
        );
        // In the node's own namespace, the collecting programs come and go.
        if (ns === node.hostInode) continue;
        expect(listedNamespace).toMatchObject({ processCount: nprocs, command });
      }
      const held = node.namespaces.filter(({ processCount }) => processCount === 0);
      expect(held).toMatchObject([
        { mounts: [{ path: '/run/netns/cni-0e5ffd4a-8b6e-6a55-0d1c-2b3a4e5f0a4a' }] },
      ]);
      expect(held[0]?.links?.map(({ name }) => name)).toEqual(['lo']);
    });

    it("include the node's own devices, as printed by ip, one with an escape sequence in its name", () => {
      const host = node.namespaces.find(({ inode }) => inode === node.hostInode);
      const printed = json('addr') as {
        ifindex: number;
        ifname: string;
        mtu: number;
        address: string;
        operstate: string;
        master?: string;
        linkinfo?: { info_kind: string };
        addr_info: { local: string }[];
      }[];
      expect(
        host?.links?.map(({ ifindex, name, mtu, mac, master, kind, addresses }) => ({
          ...{ ifindex, name, mtu, mac, master, kind },
          addresses: addresses.map(({ address }) => address),
        })),
      ).toEqual(
        printed.map(({ ifindex, ifname, mtu, address, master, linkinfo, addr_info }) => ({
          ...{ ifindex, name: ifname, mtu, mac: address, master, kind: linkinfo?.info_kind },
          addresses: addr_info.map(({ local }) => local),
        })),
      );
      expect(host?.links?.some(({ name }) => name.includes('\u001b'))).toBe(true);
      expect(host?.links?.find(({ name }) => name === 'flannel.1')?.data).toMatchObject({
        id: 1,
        port: 8472,
      });
    });

    it('include the routes, neighbours, rules and forwarding entries that ip and bridge print', () => {
      const host = node.namespaces.find(({ inode }) => inode === node.hostInode);
      const routes = json('route4') as { dst: string; dev?: string; gateway?: string }[];
      expect(
        host?.routes
          ?.filter(({ family }) => family === 'inet')
          .map(({ destination, device, gateway }) => [destination, device, gateway]),
      ).toEqual(routes.map(({ dst, dev, gateway }) => [dst, dev, gateway]));
      expect(host?.rules).toContainEqual(
        expect.objectContaining({
          family: 'inet',
          priority: 1536,
          source: '10.244.1.7',
          table: '100',
        }),
      );
      expect(host?.rules?.some(({ family }) => family === 'inet6')).toBe(true);
      expect(host?.neighbours).toContainEqual({
        address: '10.244.2.0',
        device: 'flannel.1',
        mac: '2e:01:02:03:04:05',
        state: ['PERMANENT'],
        flags: [],
      });
      expect(host?.fdb).toHaveLength(json('fdb').length);
      expect(host?.fdb).toContainEqual(
        expect.objectContaining({ mac: '2e:01:02:03:04:05', destination: '192.0.2.11' }),
      );
    });

    it('include all details of a chosen namespace', () => {
      const first = node.namespaces.find(({ links }) =>
        links?.some(({ addresses }) => addresses.some(({ address }) => address === '10.244.1.7')),
      );
      expect(first?.links?.find(({ name }) => name === 'eth0')).toMatchObject({
        mtu: 1400,
        kind: 'veth',
        link: { netnsid: 0 },
      });
      expect(first?.listeners).toEqual(
        expect.arrayContaining([
          { protocol: 'tcp', address: '0.0.0.0', port: 8080, receiveQueue: 0 },
          { protocol: 'udp', address: '127.0.0.1', port: 53, receiveQueue: 0, drops: 0 },
        ]),
      );
      expect(first?.sysctls).toMatchObject({
        'ipv4/ip_forward': '0',
        'ipv4/conf/eth0/rp_filter': '0',
      });
      expect(first?.counters).toHaveProperty('TcpExtListenDrops');
      expect(first?.counters).toHaveProperty('Ip6InReceives');
      expect(first?.unknown).toEqual([]);
      const second = node.namespaces.find(({ links }) =>
        links?.some(({ name }) => name === 'net1'),
      );
      expect(second?.sysctls).toBeUndefined();
      expect(second?.links?.map(({ ifindex }) => ifindex)).toEqual(
        (json('second') as { ifindex: number }[]).map(({ ifindex }) => ifindex),
      );
    });

    it('include the files of CNI plugins, and what is wrong with them', () => {
      const { cni } = node;
      const id = 'a'.repeat(64);
      expect(
        cni?.configurations.map(({ path, inForce, fault, plugins }) => [
          path,
          inForce,
          fault?.reason,
          plugins,
        ]),
      ).toEqual([
        ['/etc/cni/net.d/05-broken.conflist', false, 'truncated', []],
        ['/etc/cni/net.d/10-flannel.conflist', true, undefined, ['flannel', 'portmap']],
        ['/etc/cni/net.d/99-other.conf', false, undefined, ['ptp']],
      ]);
      expect(
        cni?.leases.map(({ address, containerId, ifName, fault }) => [
          address,
          containerId,
          ifName,
          fault?.reason,
        ]),
      ).toEqual([
        ['10.244.1.10', undefined, undefined, 'binary'],
        ['10.244.1.7', id, 'eth0', undefined],
        ['10.244.1.9', 'b'.repeat(64), undefined, undefined],
      ]);
      expect(cni?.lastReserved).toEqual([{ network: 'cbr0', range: '0', address: '10.244.1.9' }]);
      expect(cni?.subnetEnv).toMatchObject({ FLANNEL_MTU: '1450' });
      expect(cni?.delegates).toMatchObject([{ containerId: id, content: { type: 'bridge' } }]);
      expect(node.runtime?.ids).toEqual([id]);
    });

    it('include results in every format, without secrets', () => {
      const results = new Map(
        node.cni?.results.map((result) => [
          result.path.slice('/var/lib/cni/results/'.length),
          result,
        ]),
      );
      const [id, old] = ['a'.repeat(64), 'b'.repeat(64)];
      expect(results.get(`cbr0-${id}-eth0`)).toMatchObject({
        podName: 'pod-1',
        podNamespace: 'shop',
        config: { type: 'flannel', delegate: { token: null } },
        capabilities: { 'io.kubernetes.cri.pod-annotations': { note: null } },
        addresses: [{ address: '10.244.1.7/24', gateway: '10.244.1.1', interface: 1 }],
        routes: [
          { destination: '10.244.0.0/16' },
          { destination: '0.0.0.0/0', gateway: '10.244.1.1' },
        ],
      });
      expect(results.get(`my-net-${old}-eth0`)).toMatchObject({
        network: 'my-net',
        containerId: old,
        ifName: 'eth0',
        addresses: [{ address: '10.244.1.9/24' }],
        routes: [{ destination: '0.0.0.0/0' }],
      });
      expect(results.get(`cut-${id}-eth0`)?.fault?.reason).toBe('truncated');
      expect(results.get(`huge-${id}-eth0`)?.fault?.reason).toBe('too-large');
      expect(results.get(`binary-${id}-eth0`)?.fault?.reason).toBe('binary');
      expect([...results.keys()].filter((name) => name.startsWith('bad'))).toHaveLength(1);
      expect(JSON.stringify(node)).not.toMatch(/hunter2|s3cret/);
    });

    it('survive JSON unchanged', () => {
      expect(JSON.parse(JSON.stringify(node))).toEqual(node);
    });
  },
);

/** ip does not escape control characters. */
function clean(text: string): string {
  return text.replace(
    /[\u0000-\u0009\u000b-\u001f]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
