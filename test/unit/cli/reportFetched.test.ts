import { expect, it, vi } from 'vitest';
import type { Manifest } from '../../../src/capture/manifest.ts';
import { reportFetched } from '../../../src/cli/fetchProgress.ts';

const EMPTY = { recording: true, files: [], gaps: [], interruptions: [] } as unknown as Manifest;
const FILE = { seq: 1, name: 'a.pcap', state: 'partial', size: 90, packets: 1 } as const;

function reported(manifest: Manifest): string {
  let text = '';
  const write = vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    text += chunk;
    return true;
  });
  reportFetched(manifest, 'rare');
  write.mockRestore();
  return text;
}

it('mentions --flush if a running capture has no complete file yet', () => {
  expect(reported(EMPTY)).toContain('--flush');
  expect(reported({ ...EMPTY, recording: false })).toMatch(/^0 files, [^-]*$/);
  expect(reported({ ...EMPTY, files: [FILE] })).toMatch(/^1 file, [^-]*$/);
});
