import { describe, expect, it } from 'vitest';
import { cniReport } from '../../../src/topology/cni/cniReport.ts';
import { renderCni } from '../../../src/topology/cni/renderCni.ts';
import type { ClusterFacts } from '../../../src/topology/model/clusterFacts.ts';
import type { CniFacts } from '../../../src/topology/model/cniFacts.ts';
import { namespaceRows } from '../../../src/topology/netns/namespaceRows.ts';
import { renderNamespace } from '../../../src/topology/netns/renderNamespace.ts';
import { namespaceTable } from '../../../src/topology/netns/renderNamespaces.ts';
import { drawNode } from '../../../src/topology/render/drawNode.ts';
import { renderPath } from '../../../src/topology/render/renderPath.ts';
import { Topology } from '../../../src/topology/topology.ts';
import { findOwners } from '../../../src/topology/who/findOwners.ts';
import { ownerTable } from '../../../src/topology/who/renderOwners.ts';
import { parseThing } from '../../../src/topology/who/thing.ts';
import { factsOf } from './support/fixture.ts';
import { BRIDGED } from './support/fixtures/bridged.ts';
import { pathBetween } from './support/pathBetween.ts';

/** Clears the screen, sets the title, reorders text, moves up a line. */
const POISON = '\u001b[2J\u001b]0;title\u0007\u202e\r\u009b1A';
const ID = 'c'.repeat(64);

const CNI: CniFacts = {
  configurations: [
    {
      path: `/etc/cni/net.d/10-${POISON}.conflist`,
      inForce: true,
      name: `cbr0${POISON}`,
      plugins: Array.from({ length: 5_000 }, (_, at) => `plugin-${at}-${POISON}`),
    },
    {
      path: `/etc/cni/net.d/11-${POISON}.conf`,
      inForce: false,
      plugins: [],
      fault: { reason: 'binary', detail: POISON },
    },
  ],
  results: [
    {
      path: `/var/lib/cni/results/cbr0-${ID}-eth0`,
      containerId: ID,
      network: `cbr0${POISON}`,
      ifName: 'eth0',
      podName: 'a1',
      podNamespace: 'default',
      args: { [POISON]: POISON },
      config: {
        keys: Array.from({ length: 20_000 }, (_, at) => `${at}${POISON}`),
        long: POISON.repeat(10_000),
      },
      interfaces: [{ name: 'eth0', mac: `${POISON}`, sandbox: `/run/netns/${POISON}` }],
      addresses: [{ address: `10.244.1.200/24${POISON}` }],
      routes: [{ destination: POISON }],
    },
  ],
  leases: [
    {
      path: `/var/lib/cni/networks/cbr0/10.244.1.9${POISON}`,
      network: `cbr0${POISON}`,
      address: '10.244.1.9',
      containerId: `d${POISON}`,
    },
  ],
  lastReserved: [],
  delegates: [],
  subnetEnv: { [`FLANNEL_${POISON}`]: POISON },
};

/** Names of devices, pods, namespaces and nodes that contain terminal escapes. */
function poisonedFacts(): ClusterFacts {
  const facts = factsOf(BRIDGED.FLANNEL_HOST_GW);
  const text = JSON.stringify({
    ...facts,
    nodes: facts.nodes.map((node) => ({
      ...node,
      cni: CNI,
      runtime: { folders: ['/run'], ids: [] },
      kernel: `6.1${POISON}`,
      unknown: [{ what: POISON, why: POISON }],
      namespaces: node.namespaces.map((network) => ({
        ...network,
        command: `sh ${POISON}`,
        user: POISON,
        mounts: [{ path: `/run/netns/${POISON}`, mntns: 1 }],
        resolvConf: `nameserver 10.96.0.10\nsearch ${POISON}\n`,
        routes: network.routes?.map((route) => ({ ...route, protocol: `bird${POISON}` })),
        unknown: [{ what: POISON, why: POISON }],
      })),
    })),
  });
  const inJson = JSON.stringify(POISON).slice(1, -1);
  return JSON.parse(
    text.replaceAll(/"(eth0|vetha1|vethb1|cni0|node-a|node-b|a1|b1)"/g, `"$1${inJson}"`),
  );
}

describe('names and files with terminal escapes', () => {
  const facts = poisonedFacts();
  const topology = new Topology(facts);
  const name = (poisonedName: string) => `${poisonedName}${POISON}`;
  const node = facts.nodes[0];
  if (node === undefined) throw new Error('no node');
  const host = topology.hostPlace(node);
  const pod = node.namespaces[1];
  if (host === undefined || pod === undefined) throw new Error('no namespace');

  const outputs: readonly (readonly [string, () => Iterable<string>])[] = [
    ...[false, true].flatMap((isWide): [string, () => Iterable<string>][] => [
      [
        `path, wide ${isWide}`,
        () => {
          const [from, to] = [facts.objects.pods?.[0], facts.objects.pods?.[1]];
          const paths = pathBetween(
            facts,
            `${from?.namespace}/${from?.name}`,
            `${to?.namespace}/${to?.name}`,
            81,
          );
          expect(paths.findings.map(({ kind }) => kind)).toEqual(['no-listener']);
          return renderPath(paths.trace, paths.findings, isWide);
        },
      ],
      [`netns, wide ${isWide}`, () => namespaceTable(namespaceRows(facts), isWide)],
      [
        `cni, wide ${isWide}`,
        () => {
          const report = cniReport(facts, [name('node-a')], undefined);
          expect(report.findings.length).toBeGreaterThan(1);
          return renderCni(report, { wide: isWide, ofPod: isWide, now: 0, nodes: facts.nodes });
        },
      ],
      [
        `who, wide ${isWide}`,
        () => ownerTable(findOwners(facts, parseThing('10.244.1.2')), isWide),
      ],
    ]),
    ['a node', () => drawNode(topology, host)],
    ['one namespace', () => renderNamespace(topology, { node, network: pod })],
  ];

  it.each(outputs)('are shown without effect, and with limited length: %s', (_, output) => {
    const text = [...output()].join('');
    expect(text).toContain('\\x1b[2J');
    expect(text.match(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/g)).toBeNull();
    expect(text.length).toBeLessThan(500_000);
  });
});
