import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { runCommandLine } from '../../../src/cli/commandLine.ts';
import { packet, pcapHeader } from '../capture/fakePod.ts';

it('read reports that no packet was selected', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'read-'));
  const file = join(folder, 'one.pcap');
  writeFileSync(file, Buffer.concat([pcapHeader(), packet(60)]));
  let stderr = '';
  const write = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    stderr += text;
    return true;
  });
  onTestFinished(() => {
    write.mockRestore();
    rmSync(folder, { recursive: true });
  });
  // The packet is of 1970.
  expect(await runCommandLine(['read', file, '--from', '2024-02-01'])).toBe(0);
  expect(stderr).toBe('No packets found\n');
});
