import { expect, it, vi } from 'vitest';
import { captureProgress } from '../../../src/cli/captureProgress.ts';

it.each([
  [0, 24, /^0 packets [^(\n]*\bx\.pcap$/m],
  [2, 180, /^2 packets .*\(180 B\).*\bx\.pcap$/m],
])('after %i packets ignores the header of an empty file', (packets, bytes, text) => {
  let written = '';
  const write = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    written += text;
    return true;
  });
  captureProgress('pcap').finish({ packets, bytes, statistics: {}, end: 'complete' }, 'x.pcap');
  write.mockRestore();
  expect(written).toMatch(text);
});
