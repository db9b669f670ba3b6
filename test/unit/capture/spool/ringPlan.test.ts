import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import room from '../../../../src/capture/spool/parts/room.sh';
import { planRing, ringBytes } from '../../../../src/capture/spool/ringPlan.ts';
import { problemOf } from '../../problemOf.ts';

const ENDLESS = { bytes: Number.POSITIVE_INFINITY, reason: 'the disk' };
const SMALL = { bytes: 16 * 2 ** 20, reason: "a quarter of the pod's limit" };

describe('a planned ring', () => {
  it('is the requested one if it fits', () => {
    expect(planRing({ fileBytes: 100e6, files: 10, age: 3600 }, ENDLESS, 'detached')).toEqual({
      fileKilobytes: 100_000,
      files: 10,
      age: 3600,
    });
  });

  it('has a default size if nothing was requested', () => {
    const ring = planRing({}, ENDLESS, 'detached');
    expect(ring.files).toBe(8);
    expect(ringBytes(ring)).toBeGreaterThan(0.9e9);
    expect(ringBytes(ring)).toBeLessThanOrEqual(1e9);
    expect(ringBytes(planRing({}, ENDLESS, 'foreground'))).toBeLessThanOrEqual(512e6);
  });

  it('has as many files of the requested size as fit', () => {
    expect(planRing({ fileBytes: 100e6 }, ENDLESS, 'detached').files).toBe(8);
    const ring = planRing({ fileBytes: 1e6 }, SMALL, 'detached');
    expect(ringBytes(ring)).toBeLessThanOrEqual(SMALL.bytes);
    expect(ringBytes({ ...ring, files: ring.files + 1 })).toBeGreaterThan(SMALL.bytes);
  });

  it('has files as large as fit if their number was requested', () => {
    const ring = planRing({ files: 4, age: 60 }, SMALL, 'foreground');
    expect(ring.age).toBe(60);
    expect(ringBytes(ring)).toBeLessThanOrEqual(SMALL.bytes);
    expect(ringBytes({ ...ring, fileKilobytes: ring.fileKilobytes + 1000 })).toBeGreaterThan(
      SMALL.bytes,
    );
  });

  it.each([
    { requested: {}, bytes: 4 * 2 ** 20 },
    { requested: { files: 3 }, bytes: 5 * 2 ** 20 },
    { requested: { fileBytes: 1e6, files: 5 }, bytes: 8 * 2 ** 20 },
    { requested: { fileBytes: 2.5e6 }, bytes: 10 * 2 ** 20 },
  ])('never exceeds the available space: $requested in $bytes bytes', ({ requested, bytes }) => {
    const ring = planRing(requested, { bytes, reason: '' }, 'detached');
    expect(ringBytes(ring)).toBeLessThanOrEqual(bytes);
  });

  it('suggests a ring that fits if the requested one does not', () => {
    const refused = problemOf(() => planRing({ fileBytes: 100e6, files: 10 }, SMALL, 'detached'));
    expect(refused.kind).toBe('no-room');
    expect(refused.message).toMatch(/1\.1 GB.*16\.8 MB/);
    const [, size, files] = /-C ([\d.]+) -W (\d+)/.exec(refused.next.join('\n')) ?? [];
    const proposed = { fileBytes: Number(size) * 1e6, files: Number(files) };
    expect(planRing(proposed, SMALL, 'detached').files).toBe(8);
  });

  it('suggests no ring if even a small one does not fit', () => {
    const tiny = { bytes: 300_000, reason: '' };
    expect(problemOf(() => planRing({}, tiny, 'detached')).next.join()).not.toContain('-C');
  });

  it.each([
    [{ fileBytes: 500_000 }, /^-C: .*500 kB/],
    [{ fileBytes: 3e9 }, /^-C: .*3\.0 GB/],
    [{ files: 1 }, /^-W: .*2.*1000/],
    [{ files: 1001, fileBytes: 1e6 }, /^-W: .*2.*1000/],
  ])('refuses %j', (requested, message) => {
    const refused = problemOf(() => planRing(requested, ENDLESS, 'detached'));
    expect(refused.kind).toBe('usage');
    expect(refused.message).toMatch(message);
  });
});

describe('the size of a ring', () => {
  it('is the same in the plan and in the recorder, for any available space', () => {
    const rooms = Array.from({ length: 200 }, (_, index) => Math.round(20e6 * 1.03 ** index));
    const plans = rooms.flatMap((bytes) =>
      [{ fileBytes: 1e6 }, { files: 10 }, {}].map((requested) => ({
        bytes,
        plan: planRing(requested, { bytes, reason: '' }, 'detached'),
      })),
    );
    const calls = plans.map(
      ({ plan }) => `ring_size ${plan.fileKilobytes} ${plan.files}; echo "$ring_size"`,
    );
    const sizes = execFileSync('sh', ['-c', [room, ...calls].join('\n')], { encoding: 'utf8' });
    const inPod = sizes.trim().split('\n').map(Number);
    expect(inPod).toEqual(plans.map(({ plan }) => ringBytes(plan) / 1000));
    // The space that the recorder is given, in whole kilobytes.
    plans.forEach(({ bytes }, index) => {
      expect(inPod[index]).toBeLessThanOrEqual(Math.floor(bytes / 1000));
    });
  });
});
