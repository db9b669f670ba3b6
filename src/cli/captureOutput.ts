import { checkWritable, FileOutput } from '../output/fileOutput.ts';
import type { Output } from '../output/output.ts';
import { StandardOutput } from '../output/standardOutput.ts';
import { wrongUsage } from '../problem.ts';

/** The flags that choose the output. */
export interface OutputFlags {
  readonly write?: string | undefined;
  readonly wireshark?: boolean | undefined;
  readonly force?: boolean | undefined;
  readonly summary?: boolean | undefined;
}

/** The output for packets: text unless a file or Wireshark is requested. Throws a Problem. */
export async function createCaptureOutput(flags: OutputFlags): Promise<Output> {
  if (!flags.summary) return createPacketOutput(flags);
  const { SummaryOutput } = await import('./summaryOutput.ts');
  return new SummaryOutput(flags.write === undefined ? undefined : await createPacketOutput(flags));
}

async function createPacketOutput(flags: OutputFlags): Promise<Output> {
  if (flags.wireshark) {
    const { findWireshark, WiresharkOutput } = await import('../output/wiresharkOutput.ts');
    return new WiresharkOutput(findWireshark());
  }
  if (flags.write === undefined) return new StandardOutput();
  if (flags.write !== '-') {
    await checkWritable(flags.write, flags.force === true);
    return new FileOutput(flags.write, flags.force === true);
  }
  if (process.stdout.isTTY)
    throw wrongUsage(
      'packets cannot be written to a terminal',
      'pipe them to a program (-w - | tshark -r -), or leave out -w to print them',
    );
  return new StandardOutput();
}
