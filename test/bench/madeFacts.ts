import { closeSync, openSync, writeSync } from 'node:fs';
import type { Link } from '../../src/tools/ip/link.ts';
import type { PodObject } from '../../src/topology/model/apiObjects.ts';
import { FACTS_FORMAT } from '../../src/topology/model/clusterFacts.ts';
import type { NetworkNamespace } from '../../src/topology/model/networkNamespace.ts';

/** The address of a pod, both counted from 0. */
export function podAddress(node: number, pod: number): string {
  return `10.${64 + (node >> 8)}.${node & 255}.${pod + 2}`;
}

/** Writes a dump of nodes with this many pods each behind a bridge, with everything that is collected about them. */
export function writeFacts(path: string, nodes: number, podsEach: number): void {
  const file = openSync(path, 'w', 0o600);
  const put = (value: unknown) => writeSync(file, JSON.stringify(value));
  const list = (count: number, write: (at: number) => void) => {
    for (let at = 0; at < count; at++) {
      if (at > 0) writeSync(file, ',');
      write(at);
    }
  };
  const collectedAt = '2026-01-01T00:00:00Z';
  writeSync(
    file,
    `{"namespaces":[],"facts":{"format":"${FACTS_FORMAT}","collectedAt":"${collectedAt}","nodes":[`,
  );
  list(nodes, (node) => {
    put({
      name: `node-${node}`,
      collectedAt,
      kernel: '6.1.0',
      hostInode: 4026531840,
      namespaces: [
        hostNamespace(node, podsEach),
        ...Array.from({ length: podsEach }, (_, pod) => podNamespace(node, pod)),
      ],
      processes: Array.from({ length: podsEach }, (_, pod) => ({
        pid: 100 + pod,
        name: 'pause',
        netns: inode(pod),
        podUid: uid(node, pod),
      })),
      sandboxes: [],
      tools: ['ip', 'bridge'],
      unknown: [],
    });
  });
  writeSync(file, '],"objects":{"nodes":[');
  list(nodes, (node) =>
    put({
      name: `node-${node}`,
      ready: true,
      addresses: [{ type: 'InternalIP', address: `172.${16 + (node >> 8)}.${node & 255}.10` }],
      podCidrs: [podAddress(node, 0).replace(/\d+$/, '0/24')],
      labels: {},
      annotations: {},
    }),
  );
  writeSync(file, '],"pods":[');
  list(nodes * podsEach, (at) => put(podObject(Math.floor(at / podsEach), at % podsEach)));
  writeSync(file, '],"services":[]},"unknown":[]}}');
  closeSync(file);
}

const inode = (pod: number) => 4026532000 + pod;
const uid = (node: number, pod: number) =>
  `00000000-0000-4000-${String(node).padStart(4, '0')}-${String(pod).padStart(12, '0')}`;

function podObject(node: number, pod: number): PodObject {
  return {
    namespace: 'shop',
    name: `pod-${node}-${pod}`,
    uid: uid(node, pod),
    node: `node-${node}`,
    hostNetwork: false,
    phase: 'Running',
    ready: true,
    terminating: false,
    addresses: [podAddress(node, pod)],
    labels: { app: 'web' },
    containers: [],
    annotations: {},
  };
}

const COUNTERS = {
  rx: { bytes: 123456, packets: 1234, errors: 0, dropped: 0 },
  tx: { bytes: 123456, packets: 1234, errors: 0, dropped: 0 },
};

function link(ifindex: number, name: string, more: Partial<Link>): Link {
  return {
    ifindex,
    name,
    flags: ['BROADCAST', 'MULTICAST', 'UP', 'LOWER_UP'],
    mtu: 1450,
    state: 'UP',
    type: 'ether',
    mac: `0a:58:0a:00:${(ifindex >> 8).toString(16).padStart(2, '0')}:${(ifindex & 255).toString(16).padStart(2, '0')}`,
    data: {},
    portData: {},
    addresses: [],
    counters: COUNTERS,
    ...more,
  };
}

function hostNamespace(node: number, pods: number): NetworkNamespace {
  const gateway = podAddress(node, -1);
  return {
    inode: 4026531840,
    owner: { kind: 'host' },
    processCount: 200,
    pid: 1,
    mounts: [],
    links: [
      link(2, 'eth0', {
        mtu: 1500,
        addresses: [
          {
            family: 'inet',
            address: `172.${16 + (node >> 8)}.${node & 255}.10`,
            prefixLength: 16,
            scope: 'global',
            flags: [],
          },
        ],
      }),
      link(3, 'cni0', {
        kind: 'bridge',
        addresses: [
          { family: 'inet', address: gateway, prefixLength: 24, scope: 'global', flags: [] },
        ],
      }),
      ...Array.from({ length: pods }, (_, pod) =>
        link(10 + pod, `veth${pod}`, {
          kind: 'veth',
          master: 'cni0',
          link: { ifindex: 2, netnsid: pod },
        }),
      ),
    ],
    routes: [],
    neighbours: [],
    answers: [],
    unknown: [],
  };
}

function podNamespace(node: number, pod: number): NetworkNamespace {
  const address = podAddress(node, pod);
  return {
    inode: inode(pod),
    owner: { kind: 'pod', uid: uid(node, pod), name: `pod-${node}-${pod}`, namespace: 'shop' },
    processCount: 2,
    pid: 100 + pod,
    user: '65535',
    command: '/pause',
    netnsid: pod,
    mounts: [{ path: `/run/netns/cni-${uid(node, pod)}`, mntns: 4026531841 }],
    links: [
      link(1, 'lo', {
        type: 'loopback',
        mtu: 65536,
        state: 'UNKNOWN',
        addresses: [
          { family: 'inet', address: '127.0.0.1', prefixLength: 8, scope: 'host', flags: [] },
        ],
      }),
      link(2, 'eth0', {
        kind: 'veth',
        link: { ifindex: 10 + pod, netnsid: 0 },
        addresses: [{ family: 'inet', address, prefixLength: 24, scope: 'global', flags: [] }],
      }),
    ],
    routes: [
      {
        family: 'inet',
        type: 'unicast',
        destination: 'default',
        table: 'main',
        gateway: podAddress(node, -1),
        device: 'eth0',
        flags: [],
        nextHops: [],
      },
    ],
    neighbours: [],
    answers: [],
    unknown: [],
  };
}
