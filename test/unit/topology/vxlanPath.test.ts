import { beforeAll, describe, expect, it } from 'vitest';
import { renderPath } from '../../../src/topology/render/renderPath.ts';
import {
  FAMILIES,
  PLANTED_FAULTS,
  type Scene,
  type Step,
} from '../../e2e/support/plantedFaults.ts';
import { FLANNEL, FLANNEL_NODES, runLab, type StageResult } from './support/lab.ts';
import { devicesOf, pathBetween } from './support/pathBetween.ts';

describe('a VXLAN between bridges', () => {
  it('is followed device by device, in both directions', async () => {
    const [result] = await runLab({
      nodes: FLANNEL_NODES,
      stages: [`${FLANNEL}\nserve b1 80; reach a1 10.244.2.2 80 3`],
      rules: true,
    });
    if (result === undefined) throw new Error('no facts');
    const { trace, findings } = pathBetween(result.facts, 'a1', 'b1');
    expect(result.reached.get('a1 10.244.2.2')).toBe(true);
    expect(findings).toEqual([]);
    expect(devicesOf(trace, 0)).toEqual([
      'a1:eth0',
      'node-a:p-a1',
      'node-a:sw0',
      'node-a:tun9',
      'node-a:eth0',
      'node-b:eth0',
      'node-b:tun9',
      'node-b:sw0',
      'node-b:p-b1',
      'b1:eth0',
    ]);
    expect(devicesOf(trace, 1)).toEqual(devicesOf(trace, 0).toReversed());

    // If the other node could not be read, nothing is known about it.
    const nodes = result.facts.nodes.filter(({ name }) => name === 'node-a');
    const half = pathBetween({ ...result.facts, nodes }, 'a1', 'b1');
    expect(half.findings).toEqual([]);
    expect(half.trace.paths[0]?.end).toBe('unknown');

    const drawing = [...renderPath(trace, findings, false)].join('');
    expect(Math.max(...drawing.split('\n').map((line) => [...line].length))).toBeLessThanOrEqual(
      80,
    );
    expect(drawing).toMatch(/^node-a +node-b$/m);
    expect(drawing).toContain('No problems found in the tables');
    expect(drawing).not.toMatch(/\bOK\b/);

    const hostile = JSON.stringify(result.facts).replaceAll('p-a1', 'p\\u001b[2Ja1');
    const { trace: hostileTrace, findings: none } = pathBetween(JSON.parse(hostile), 'a1', 'b1');
    for (const isWide of [false, true]) {
      const text = [...renderPath(hostileTrace, none, isWide)].join('');
      expect(text).toContain('p\\x1b[2Ja1');
      expect(text).not.toContain('\u001b');
    }
  });
});

const SCENE: Scene = {
  bridge: 'sw0',
  tunnel: 'tun9',
  uplink: 'eth0',
  router: '192.168.7.1',
  family: FAMILIES[4],
  from: {
    address: '10.244.1.2',
    gateway: '10.244.1.1',
    hostEnd: 'p-a1',
    podCidr: '10.244.1.0/24',
    nodeAddress: '192.168.7.10',
    vtep: '10.244.1.0',
    vtepMac: '02:00:00:00:00:0a',
  },
  to: {
    address: '10.244.2.2',
    gateway: '10.244.2.1',
    hostEnd: 'p-b1',
    podCidr: '10.244.2.0/24',
    nodeAddress: '192.168.7.11',
    vtep: '10.244.2.0',
    vtepMac: '02:00:00:00:00:0b',
  },
};

const PLACES = { from: { node: 'node-a', pod: 'a1' }, to: { node: 'node-b', pod: 'b1' } };

/** Steps as a script, in which existing objects are not an error. */
function stepsOf(steps: readonly Step[]): string {
  return steps
    .map(
      ({ end, in: where, run }) =>
        `ip netns exec ${PLACES[end][where]} sh -c '${run.replaceAll("'", "'\\''")}'`,
    )
    .join('\n');
}

/** The faults are planted in this many labs at the same time, because each of them mostly waits. */
const LABS = 3;
const PER_LAB = Math.ceil(PLANTED_FAULTS.length / LABS);

/** Plants the faults in sequence in one lab, each after the previous one was repaired. The last result is without a fault. */
function plantInSequence(faults: typeof PLANTED_FAULTS): Promise<StageResult[]> {
  const repairs = faults.map(({ repair }) => stepsOf(repair(SCENE)));
  const stages = faults.map(({ plant, breaks }, at) => {
    // A successful connection clears unresolved neighbours of the previous fault.
    const healthy = `${repairs[at - 1] ?? `${FLANNEL}\nserve b1 80`}\nreach a1 10.244.2.2 80 3`;
    return `${healthy}\n${stepsOf(plant(SCENE))}\nreach a1 10.244.2.2 80 ${breaks ? 0.3 : 3}`;
  });
  return runLab({
    nodes: FLANNEL_NODES,
    rules: true,
    stages: [...stages, `${repairs.at(-1)}\nreach a1 10.244.2.2 80 3`],
  });
}

describe('a planted fault', () => {
  let labs: StageResult[][] = [];
  beforeAll(async () => {
    const parts = Array.from({ length: LABS }, (_, lab) =>
      PLANTED_FAULTS.slice(lab * PER_LAB, (lab + 1) * PER_LAB),
    );
    labs = await Promise.all(parts.map(plantInSequence));
  });

  it.for(PLANTED_FAULTS.map((fault, at) => ({ ...fault, at })))(
    'is the only independent finding: $name',
    ({ kind, breaks, at }) => {
      const result = labs[Math.floor(at / PER_LAB)]?.[at % PER_LAB];
      if (result === undefined) throw new Error('no facts');
      expect(result.reached.get('a1 10.244.2.2')).toBe(!breaks);
      const { findings } = pathBetween(result.facts, 'a1', 'b1');
      const independent = findings.filter(({ causedBy }) => causedBy === undefined);
      expect(
        independent.map((finding) => finding.kind),
        JSON.stringify(findings, null, 1),
      ).toEqual([kind]);
    },
  );

  it('leaves no finding when everything is repaired', () => {
    expect(labs).toHaveLength(LABS);
    for (const lab of labs) {
      const result = lab.at(-1);
      if (result === undefined) throw new Error('no facts');
      expect(result.reached.get('a1 10.244.2.2')).toBe(true);
      expect(pathBetween(result.facts, 'a1', 'b1').findings).toEqual([]);
    }
  });
});
