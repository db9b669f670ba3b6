import { checkWritable } from '../../output/fileOutput.ts';
import { print } from '../../output/standardOutput.ts';
import { wrongUsage } from '../../problem.ts';
import { type FailCondition, failSubjects, failures, parseFailOn } from '../../reading/failOn.ts';
import { unreadable } from '../../reading/input/captureFiles.ts';
import { captureSources } from '../../reading/input/captureSources.ts';
import { type Summary, summarize, UnreadableCapture } from '../../reading/summary.ts';
import { command, type Invocation } from '../command.ts';
import { note, statusLine } from '../console.ts';
import type { FlagTable, FlagValues, ValueType } from '../flags/flag.ts';
import { FILE, oneOf } from '../flags/valueTypes.ts';
import { onInterruption } from '../interruption.ts';
import { summaryText } from '../summaryText.ts';

/** Conditions for exit code 1. See parseFailOn(). */
const CONDITIONS_TYPE: ValueType<readonly FailCondition[]> = {
  placeholder: 'CONDITIONS',
  parse: (text) => {
    const conditions = parseFailOn(text);
    if (typeof conditions !== 'string') return conditions;
    throw wrongUsage(
      `invalid condition "${conditions}"`,
      "example: 'retransmissions>1%,rst,dns-failures>5'",
      `conditions: ${failSubjects().join(', ')}`,
    );
  },
};

const FLAGS = {
  output: { alias: 'o', value: oneOf('FORMAT', ['json', 'yaml']), help: 'Output format' },
  'fail-on': {
    value: CONDITIONS_TYPE,
    help: "Exit with 1 if one of these is found: 'rst,retransmissions>1%'",
  },
  html: {
    value: FILE,
    help: 'Also write a report to FILE: one self-contained HTML page with a timeline, tables and diagrams',
  },
  force: { help: 'Overwrite the file of --html if it exists' },
} as const satisfies FlagTable;

type Flags = FlagValues<typeof FLAGS>;

export const summaryCommand = command({
  description:
    'Show what is in capture files and what went wrong.\n\n' +
    'Findings come first: what is wrong, which endpoints are affected, when and how often, the usual causes, packet numbers, and a display filter that shows the packets. A list of conversations follows.\n\n' +
    'FILE is a pcap or pcapng file, optionally compressed with gzip, a folder written by captures fetch, or - for standard input. Several captures are compared. Neither a cluster nor Wireshark is needed.',
  examples: [
    ['summary web.pcapng', 'Show what went wrong in a capture'],
    ['summary tuesday', 'Summarize all files of a fetched capture'],
    ['summary client.pcap server.pcap', 'Compare captures from two points'],
    ['summary tuesday --html tuesday.html', 'Write a report to share'],
    ['summary web.pcap -o json', 'Print everything as JSON'],
    ["summary web.pcap --fail-on 'retransmissions>1%,rst'", 'Check a capture in a script'],
  ],
  arguments: [{ name: 'FILE', required: true, variadic: true, complete: 'files' }],
  flags: [{ title: 'Options', flags: FLAGS }],
  run,
});

async function run({ flags, args }: Invocation<Flags>): Promise<number> {
  if (args.filter((file) => file === '-').length > 1)
    throw wrongUsage('standard input can only be given once');
  if (flags.force && flags.html === undefined) throw wrongUsage('--force requires --html');
  const sources = await captureSources(args);
  const report = flags.html === undefined ? undefined : await openReport(flags.html, flags.force);
  const interruption = onInterruption();
  const status = statusLine();
  let summary: Summary;
  try {
    summary = await summarize(sources, {
      signal: interruption.signal,
      onPackets: (packets) => status.show(`${packets.toLocaleString('en')} packets read`),
      ...(report && { collector: report.collector }),
    });
    await report?.write(summary, sources);
  } catch (error) {
    throw error instanceof UnreadableCapture ? unreadable(error.path, error.cause) : error;
  } finally {
    status.clear();
    interruption.release();
  }
  await print(summaryText(summary, flags.output, args));
  if (report) note(`report written to ${flags.html}`);
  const failed = failures(flags['fail-on'] ?? [], summary);
  for (const text of failed) note(`failed: ${text}`);
  return failed.length > 0 ? 1 : 0;
}

/** Loads the code for reports, and checks that the file can be written before captures are read. */
async function openReport(path: string, force: boolean) {
  if (path === '-')
    throw wrongUsage('--html requires a file, because standard output is used for the summary');
  await checkWritable(path, force);
  const { ReportFile } = await import('../../report/reportFile.ts');
  return new ReportFile(path, force);
}
