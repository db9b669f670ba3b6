import { describe, expect, it } from 'vitest';
import { cpuLimit, spoolRoom } from '../../../../src/capture/spool/spoolRoom.ts';
import type { Container } from '../../../../src/kube/pod.ts';
import { podWith } from '../../debugger/pods.ts';

const MI = 2 ** 20;

function limited(name: string, limits: Record<string, string>): Container {
  return { name, image: 'app:1', resources: { limits } };
}

describe('the space for a spool', () => {
  it('is bounded only by the disk if the pod has no limit', () => {
    expect(spoolRoom(podWith(), 'detached').bytes).toBe(Number.POSITIVE_INFINITY);
  });

  it("is a share of the sum of the containers' limits, with sidecars, without init containers", () => {
    const pod = podWith({
      spec: {
        containers: [limited('a', { 'ephemeral-storage': '64Mi' }), { name: 'b' }],
        initContainers: [
          { ...limited('sidecar', { 'ephemeral-storage': '32Mi' }), restartPolicy: 'Always' },
          limited('init', { 'ephemeral-storage': '1Gi' }),
        ],
      },
    });
    expect(spoolRoom(pod, 'detached')).toEqual({
      bytes: 24 * MI,
      reason: "a quarter of the pod's ephemeral-storage limit of 101 MB",
    });
    expect(spoolRoom(pod, 'foreground').bytes).toBe(12 * MI);
  });

  const withVolumes = podWith({
    spec: {
      containers: [limited('a', { 'ephemeral-storage': '64Mi' })],
      volumes: [
        { name: 'scratch', emptyDir: {} },
        { name: 'small', emptyDir: { sizeLimit: '8Mi' } },
        { name: 'memory', emptyDir: { medium: 'Memory' } },
        { name: 'data', persistentVolumeClaim: { claimName: 'data' } },
        { name: 'config', configMap: { name: 'config' } },
      ],
    },
  });

  it('counts an emptyDir as the kubelet does: against the pod, and against its own limit', () => {
    expect(spoolRoom(withVolumes, 'detached', 'scratch').bytes).toBe(16 * MI);
    const small = spoolRoom(withVolumes, 'detached', 'small');
    expect(small).toEqual({
      bytes: 2 * MI,
      reason: 'a quarter of the size limit of volume "small", 8.4 MB',
    });
  });

  it('is not bounded by the pod on a volume that does not count', () => {
    expect(spoolRoom(withVolumes, 'detached', 'data').bytes).toBe(Number.POSITIVE_INFINITY);
  });

  it.each([
    ['config', 'unsuitable'],
    ['memory', 'unsuitable'],
    ['none', 'usage'],
  ])('refuses volume %s', (name, kind) => {
    expect(() => spoolRoom(withVolumes, 'detached', name)).toThrow(
      expect.objectContaining({
        kind,
        message: expect.stringContaining(`"${name}"`),
        next: ['writable volumes: scratch, small, data'],
      }),
    );
  });
});

describe("a pod's CPU limit", () => {
  it('is the sum, when every container has one', () => {
    const containers = [limited('a', { cpu: '200m' }), limited('b', { cpu: '1' })];
    expect(cpuLimit(podWith({ spec: { containers } }))).toBeCloseTo(1.2);
    expect(cpuLimit(podWith({ spec: { containers: [...containers, { name: 'c' }] } }))).toBe(
      undefined,
    );
  });
});
