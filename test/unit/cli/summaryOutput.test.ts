import { expect, it, vi } from 'vitest';
import { SummaryOutput } from '../../../src/cli/summaryOutput.ts';
import { FakeOutput, packet, pcapHeader } from '../capture/fakePod.ts';

/** What is printed on standard output. It is written by a thread, which spies on process.stdout do not see. */
const printed: string[] = [];
vi.mock(import('../../../src/output/standardOutput.ts'), async (original) => ({
  ...(await original()),
  print: async (parts) => void printed.push(...parts),
}));

const WHOLE = Buffer.concat([pcapHeader(), packet(60), packet(60)]);

it('summarizes only the first file if packets of another link type begin a second one', async () => {
  const output = Object.assign(new FakeOutput(), { nextFile: async () => 'x-2.pcap' });
  const summary = new SummaryOutput(output);
  await summary.write(WHOLE);
  expect(await summary.nextFile?.()).toMatch(/^x-2\.pcap, /);
  await summary.write(WHOLE);
  await summary.close();
  await summary.report();
  expect(printed.join('')).toContain('2 packets');
  expect(output.written).toEqual(Buffer.concat([WHOLE, WHOLE]));
});

it('accepts a single stream only, if the output does so', () => {
  expect(new SummaryOutput(new FakeOutput()).nextFile).toBeUndefined();
  expect(new SummaryOutput(undefined).nextFile).toBeUndefined();
});
