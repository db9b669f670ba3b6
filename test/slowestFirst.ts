import { basename } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Files that take longest, mostly to wait; the slowest first. They start before the others, so that no worker is left with
 * one of them when the others have nothing to do. Names of files that are faster now do no harm.
 */
const SLOWEST: readonly string[] = [
  ...['slowStart', 'care', 'helpExamples', 'several', 'ports', 'faults', 'captureEnds', 'debugger'],
  ...['follow', 'capture', 'targets', 'hungTools', 'detached', 'rbac', 'fetch', 'accessLevels'],
  ...['groundTruth', 'ends', 'differential', 'start', 'followCapture', 'boot', 'reading', 'ring'],
  ...['vxlanPath', 'unusualNetworks', 'mergeOrder', 'outages', 'lease', 'shell', 'streamedCapture'],
];

/** The order of the files within each group of projects. */
export class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => rank(a) - rank(b));
  }
}

function rank({ moduleId }: TestSpecification): number {
  const place = SLOWEST.indexOf(basename(moduleId, '.test.ts'));
  return place < 0 ? SLOWEST.length : place;
}
