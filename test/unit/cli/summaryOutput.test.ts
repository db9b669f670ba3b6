import { expect, it } from 'vitest';
import { SummaryOutput } from '../../../src/cli/summaryOutput.ts';
import { FakeOutput, packet, pcapHeader } from '../capture/fakePod.ts';

const WHOLE = Buffer.concat([pcapHeader(), packet(60), packet(60)]);

it('summarizes only the first file if packets of another link type begin a second one', async () => {
  const output = Object.assign(new FakeOutput(), { nextFile: async () => 'x-2.pcap' });
  const summary = new SummaryOutput(output);
  await summary.write(WHOLE);
  expect(await summary.nextFile?.()).toBe('x-2.pcap, which is not part of the summary');
  await summary.write(WHOLE);
  await summary.close();
  await summary.report();
  expect(output.written).toEqual(Buffer.concat([WHOLE, WHOLE]));
});

it('accepts a single stream only, if the output does so', () => {
  expect(new SummaryOutput(new FakeOutput()).nextFile).toBeUndefined();
  expect(new SummaryOutput(undefined).nextFile).toBeUndefined();
});
