import { parseTimeCondition } from '../../filters/build.ts';
import { checkDisplayFilter } from '../../filters/check.ts';
import { clusterNames } from '../../kube/clusterNames.ts';
import { OutputClosed } from '../../output/output.ts';
import { countText } from '../../output/quantities.ts';
import { findInstalled } from '../../output/wiresharkOutput.ts';
import { wrongUsage } from '../../problem.ts';
import { captureFilesOf, STANDARD_INPUT } from '../../reading/input/captureFiles.ts';
import { TIME_FORMATS } from '../../reading/lines/timeText.ts';
import { AddressNames } from '../../reading/names.ts';
import { printPackets, type ReadOutcome, writePackets } from '../../reading/read.ts';
import { versionOf } from '../../reading/select/tsharkProcess.ts';
import { TimeWindow } from '../../reading/timeWindow.ts';
import { versionText } from '../../version.ts';
import { createCaptureOutput } from '../captureOutput.ts';
import { command, type Invocation } from '../command.ts';
import { connect } from '../connect.ts';
import { note, notify } from '../console.ts';
import type { ConnectionValues } from '../flags/connection.ts';
import type { FlagTable, FlagValues, ValueType } from '../flags/flag.ts';
import { anyText, count, FILE, oneOf } from '../flags/valueTypes.ts';
import { onInterruption } from '../interruption.ts';

/** Seconds since 1970, as text. */
const TIME_TYPE: ValueType<string> = {
  placeholder: 'TIME',
  parse: (value) => parseTimeCondition(value, '>=').seconds,
};

const FLAGS = {
  'display-filter': {
    alias: 'Y',
    value: anyText('FILTER'),
    help: "Read only packets that match this filter in Wireshark's language; see: kubectl netdebug filters",
  },
  from: {
    value: TIME_TYPE,
    help: 'Skip packets before this time: "2024-02-01 14:05" (local), 2024-02-01T14:05Z (UTC), 14:05 (today)',
  },
  to: { value: TIME_TYPE, help: 'Skip packets after this time' },
  count: { alias: 'c', value: count(), help: 'Stop after this many packets' },
  write: {
    alias: 'w',
    value: FILE,
    help: 'Write the packets to FILE.pcapng with their interfaces and names, or to standard output (-)',
  },
  force: { help: 'Overwrite FILE if it exists' },
  time: {
    alias: 't',
    value: oneOf('FORMAT', TIME_FORMATS),
    default: 'r',
    help: 'Time format: relative (r), local date (ad), UTC date (ud), seconds since 1970 (e)',
  },
  names: { help: 'Show names of pods, services and nodes as they are in the cluster now' },
} as const satisfies FlagTable;

type Flags = FlagValues<typeof FLAGS>;

export const readCommand = command({
  description:
    'Print a line for each packet of capture files, as tshark does.\n\n' +
    'FILE is a pcap or pcapng file, optionally compressed with gzip, a folder written by captures fetch or capture -w FOLDER, or - for standard input. Several files are read as one, in time order.\n\n' +
    'If tshark is installed, it evaluates -Y. Without it, -Y supports the most common fields of Ethernet, IP, TCP, UDP and ICMP.',
  examples: [
    ['read web.pcap', 'Print packets'],
    ["read web.pcap -Y 'tcp.flags.reset == 1'", 'Print TCP resets'],
    ['read web.pcap --from 14:05 --to 14:10 -w five.pcapng', 'Extract five minutes'],
    ['read web.pcapng --names', 'Print packets with the names of pods and services'],
    ['capture pod-1 -w - | kubectl netdebug read -', 'Print packets from a pipe'],
  ],
  arguments: [{ name: 'FILE', required: true, variadic: true, complete: 'files' }],
  flags: [{ title: 'Options', flags: FLAGS }],
  run,
});

async function run({ flags, args }: Invocation<Flags & ConnectionValues>): Promise<number> {
  const filter = flags['display-filter']?.trim() || undefined;
  const tshark = filter === undefined ? undefined : installedTshark();
  checkUsage(flags, args, tshark !== undefined);
  for (const hint of filter === undefined ? [] : checkDisplayFilter(filter).notes)
    notify({ kind: 'hint', text: `note: ${hint}` });
  const interruption = onInterruption();
  const { signal } = interruption;
  const output = await createCaptureOutput(flags);
  try {
    const { paths, notes } = await captureFilesOf(args);
    for (const hint of notes) notify({ kind: 'hint', text: `note: ${hint}` });
    const names = new AddressNames();
    if (flags.names) await addClusterNames(flags, names, signal);
    if (tshark !== undefined) note(`filtered by tshark ${(await versionOf(tshark)) ?? ''}`);
    const request = {
      inputs: paths,
      names,
      signal,
      window: new TimeWindow(flags.from, flags.to),
      write: (bytes: Buffer) => output.write(bytes),
      ...(filter !== undefined && { filter }),
      ...(tshark !== undefined && { tshark }),
      ...(flags.count !== undefined && { count: flags.count }),
    };
    const outcome =
      flags.write === undefined
        ? await printPackets({ ...request, timeFormat: flags.time })
        : await writePackets({ ...request, application: versionText() });
    report(outcome, flags.write);
    return 0;
  } catch (error) {
    if (error instanceof OutputClosed) return 0;
    throw error;
  } finally {
    await output.close();
    interruption.release();
  }
}

function checkUsage(
  { write, ...flags }: Flags,
  files: readonly string[],
  hasTshark: boolean,
): void {
  const stdinCount = files.filter((file) => file === STANDARD_INPUT).length;
  if (stdinCount > 1) throw wrongUsage('standard input can only be given once');
  if (flags['display-filter'] && write !== undefined && stdinCount > 0 && hasTshark)
    throw wrongUsage(
      '-Y with -w reads a capture twice, which is not possible with standard input',
      'write it to a file first',
    );
  if (write !== undefined && /\.(pcap|cap)$/i.test(write))
    throw wrongUsage(
      `-w ${write}: only pcapng files can hold interfaces and names`,
      `use the name ${write.replace(/\.\w+$/, '.pcapng')}`,
    );
}

/** Returns no tshark on Windows: it reads packets through a pipe, which requires a POSIX shell. */
function installedTshark(): string | undefined {
  return process.platform === 'win32' ? undefined : findInstalled('tshark');
}

async function addClusterNames(
  flags: ConnectionValues,
  names: AddressNames,
  signal: AbortSignal,
): Promise<void> {
  const { api, namespace } = await connect(flags);
  try {
    for (const [address, name] of await clusterNames(api, namespace, signal))
      names.add(address, name);
  } finally {
    api.close();
  }
}

function report({ selected, notes }: ReadOutcome, write: string | undefined): void {
  for (const hint of notes) notify({ kind: 'hint', text: `note: ${hint}` });
  if (write !== undefined && write !== '-')
    note(`${countText(selected, 'packet')} written to ${write}`);
  else if (selected === 0) notify({ kind: 'nothing-found', text: 'No packets found' });
}
