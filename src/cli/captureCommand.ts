import type { Argv, InferredOptionTypes } from 'yargs';
import { recordPod } from '../capture/recordPod.ts';
import { checkFile, FileOutput } from '../output/fileOutput.ts';
import type { Output } from '../output/output.ts';
import { StandardOutput } from '../output/standardOutput.ts';
import { wrongUsage } from '../problem.ts';
import { captureProgress } from './captureProgress.ts';
import type { Command } from './commandLine.ts';
import { type ConnectionArguments, connect, connectionOptions } from './connectionFlags.ts';
import { type DebuggerArguments, debuggerOptions, settingsOf } from './debuggerFlags.ts';
import { FORCED_EXIT, onInterruption } from './interruption.ts';
import { parseCount, parseDuration, parseSize } from './values.ts';

const OPTIONS = {
  interface: {
    alias: 'i',
    type: 'string',
    requiresArg: true,
    describe: "Interface in the pod, or any  [tcpdump's choice: eth0]",
  },
  write: {
    alias: 'w',
    type: 'string',
    requiresArg: true,
    describe: 'Write packets (pcap) to FILE, or - for standard output',
  },
  wireshark: { type: 'boolean', describe: 'Show the packets in Wireshark as they come' },
  count: {
    alias: 'c',
    type: 'string',
    requiresArg: true,
    describe: 'Stop after this many packets',
  },
  'snapshot-length': {
    alias: 's',
    type: 'string',
    requiresArg: true,
    describe: 'Keep this many bytes of each packet; 128 is enough for headers  [all]',
  },
  duration: {
    type: 'string',
    requiresArg: true,
    describe: 'Stop after this time: 90s, 60m, 1h30m',
  },
  'max-size': {
    type: 'string',
    requiresArg: true,
    describe: 'Stop before the output is larger: 100MB, 64MiB, 1G; a bare number is MB',
  },
  force: { type: 'boolean', describe: 'Overwrite FILE if it exists' },
  stream: {
    type: 'boolean',
    describe: 'Stream packets directly instead of through a spool in the pod',
  },
  linger: {
    type: 'string',
    requiresArg: true,
    describe: 'Time that the pod goes on recording when it is out of reach  [60s]',
  },
} as const;

type Flags = InferredOptionTypes<typeof OPTIONS> &
  ConnectionArguments &
  DebuggerArguments & { target?: string; '--'?: (string | number)[] };

function options(parser: Argv): Argv<Flags> {
  const base = parser
    .usage('Usage: $0 capture TARGET [flags] [-- EXPRESSION]')
    .positional('target', {
      type: 'string',
      describe: 'The pod: pod-1 or pod/pod-1; EXPRESSION is a pcap-filter(7)',
    })
    .options(OPTIONS)
    .group(Object.keys(OPTIONS), 'Flags:')
    .example('$0 capture pod-1', 'read packets as they come')
    .example('$0 capture pod-1 -w web.pcap -- port 80', 'keep the HTTP packets in a file')
    .example('$0 capture pod-1 --wireshark', 'watch in Wireshark')
    .example('$0 capture pod-1 -c 20 -i any', '20 packets of any interface, lo too')
    .example('$0 capture pod-1 -w - | tshark -r -', 'into another program');
  return debuggerOptions(connectionOptions(base)) as unknown as Argv<Flags>;
}

async function run(flags: Flags): Promise<number> {
  const plan = planOf(flags);
  const interruption = onInterruption();
  const progress = captureProgress(plan.format);
  const api = await connect(flags);
  let output: Output | undefined;
  try {
    output = await outputOf(flags);
    const outcome = await recordPod(api, {
      target: flags.target ?? '',
      settings: settingsOf(flags),
      ...plan,
      output: plan.format === 'text' ? progress.around(output) : output,
      interrupt: interruption.signal,
      abandon: interruption.abandon,
      progress,
    });
    progress.finish(outcome, output instanceof FileOutput ? output.path : undefined);
    return outcome.end === 'abandoned' ? FORCED_EXIT : 0;
  } finally {
    // A capture that never began closes nothing, and an open Wireshark would keep us here.
    await output?.close();
    progress.clear();
    interruption.release();
    api.close();
  }
}

/** What the flags ask for, checked. */
function planOf(flags: Flags) {
  if (flags.write !== undefined && flags.wireshark)
    throw wrongUsage('-w and --wireshark exclude each other');
  const { interface: device } = flags;
  const expression = flags['--']?.join(' ').trim();
  const snapLength = flags['snapshot-length'];
  const maxSize = flags['max-size'];
  const { count, duration, linger = '60s' } = flags;
  return {
    format: flags.write === undefined && !flags.wireshark ? ('text' as const) : ('pcap' as const),
    stream: flags.stream === true,
    linger: parseDuration('--linger', linger) * 1000,
    ...(device !== undefined && { interface: device }),
    ...(expression && { expression }),
    ...(count !== undefined && { count: parseCount('-c', count) }),
    ...(snapLength !== undefined && { snapLength: parseCount('-s', snapLength, 0) }),
    ...(duration !== undefined && { duration: parseDuration('--duration', duration) * 1000 }),
    ...(maxSize !== undefined && { maxBytes: parseSize('--max-size', maxSize) }),
  };
}

async function outputOf(flags: Flags): Promise<Output> {
  if (flags.wireshark) {
    const { findWireshark, WiresharkOutput } = await import('../output/wiresharkOutput.ts');
    return new WiresharkOutput(findWireshark());
  }
  if (flags.write === undefined) return new StandardOutput();
  if (flags.write !== '-') {
    await checkFile(flags.write, flags.force === true);
    return new FileOutput(flags.write, flags.force === true);
  }
  if (process.stdout.isTTY)
    throw wrongUsage(
      'packets are not for a terminal',
      'pipe them into a program, as in: … -w - | tshark -r -   or leave out -w to read them here',
    );
  return new StandardOutput();
}

export const captureCommand: Command<Flags> = { options, run };
