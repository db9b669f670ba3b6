import { expect, it } from 'vitest';
import type { Manifest } from '../../../src/capture/manifest.ts';
import { fetchSummary } from '../../../src/cli/fetchProgress.ts';

const EMPTY = { recording: true, files: [], gaps: [], interruptions: [] } as unknown as Manifest;
const FILE = { seq: 1, name: 'a.pcap', state: 'partial', size: 90, packets: 1 } as const;

it('mentions --flush if a running capture has no complete file yet', () => {
  expect(fetchSummary(EMPTY, 'rare').join('\n')).toContain('--flush');
  for (const other of [
    { ...EMPTY, recording: false },
    { ...EMPTY, files: [FILE] },
  ])
    expect(fetchSummary(other, 'rare').join('\n')).not.toContain('--flush');
});
