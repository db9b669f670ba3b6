import type { Argv, InferredOptionTypes } from 'yargs';
import { print } from '../output/standardOutput.ts';
import { StatusLine } from '../output/statusLine.ts';
import { terminalSafeJson } from '../output/terminalSafe.ts';
import { toYaml } from '../output/yaml.ts';
import { wrongUsage } from '../problem.ts';
import { type FailCondition, failSubjects, failures, parseFailOn } from '../reading/failOn.ts';
import { renderSummary } from '../reading/renderSummary.ts';
import {
  type CaptureSource,
  type Summary,
  summarize,
  UnreadableCapture,
} from '../reading/summary.ts';
import { summaryFacts } from '../reading/summaryJson.ts';
import { captureSources, unreadable } from './captureSources.ts';
import type { Command } from './commandLine.ts';
import { examples } from './examples.ts';
import { onInterruption } from './interruption.ts';
import { parseChoice } from './values.ts';

const FORMATS = ['text', 'json', 'yaml'] as const;

/** The flags of a summary, for other commands that end in one, too. */
export const SUMMARY_OPTIONS = {
  'fail-on': {
    type: 'string',
    requiresArg: true,
    describe: "Fail when the summary finds this, such as 'retransmissions>1%,rst,dns-failures'",
  },
} as const;

const OPTIONS = {
  output: { alias: 'o', type: 'string', requiresArg: true, describe: 'json or yaml' },
  ...SUMMARY_OPTIONS,
} as const;

type Flags = InferredOptionTypes<typeof OPTIONS> & { files?: string[] };

function options(parser: Argv): Argv<Flags> {
  return parser
    .usage(
      'Usage: $0 summary FILE... [flags]\n\n' +
        'Says what is in capture files and what went wrong: findings first, each with who had it,\n' +
        'when, how often, its usual causes, packet numbers and a display filter to see it; then\n' +
        'the conversations. Reads pcap and pcapng, gzip, folders made by captures fetch, and -\n' +
        'for standard input. Several captures are compared. Nothing is sent anywhere.',
    )
    .positional('files', { type: 'string', array: true, describe: 'Captures, folders, or -' })
    .options(OPTIONS)
    .group(Object.keys(OPTIONS), 'Flags:')
    .epilogue(
      examples([
        ['summary web.pcapng', 'what went wrong in a capture'],
        ['summary tuesday/', 'in all files of a fetched capture'],
        ['summary client.pcap server.pcap', 'of one connection at two places'],
        ['summary web.pcap -o json', 'for a program'],
        [
          "summary web.pcap --fail-on 'retransmissions>1%,rst,dns-failures'",
          'the exit code says whether it is fine',
        ],
      ]),
    ) as unknown as Argv<Flags>;
}

async function run(flags: Flags): Promise<number> {
  const format = parseChoice('-o', flags.output ?? 'text', FORMATS);
  const conditions = failConditions(flags['fail-on']);
  const files = flags.files ?? [];
  if (files.length === 0) throw wrongUsage('summary: name a capture file', 'summary web.pcapng');
  if (files.filter((file) => file === '-').length > 1)
    throw wrongUsage('summary: standard input can be read only once');
  return summarizeSources(await captureSources(files), format, conditions);
}

/** Parses --fail-on; throws what is wrong with it. */
export function failConditions(text: string | undefined): readonly FailCondition[] {
  if (text === undefined) return [];
  const conditions = parseFailOn(text);
  if (typeof conditions !== 'string') return conditions;
  throw wrongUsage(
    `--fail-on: "${conditions}" is not a condition`,
    "write conditions as in: 'retransmissions>1%,rst,dns-failures>5'",
    `known: ${failSubjects().join(', ')}`,
  );
}

/** Reads captures and prints their summary. Gives the exit code. */
export async function summarizeSources(
  sources: readonly CaptureSource[],
  format: (typeof FORMATS)[number],
  conditions: readonly FailCondition[],
): Promise<number> {
  const interruption = onInterruption();
  const status = new StatusLine();
  let summary: Summary;
  try {
    summary = await summarize(sources, {
      signal: interruption.signal,
      onPackets: (packets) => status.show(`${packets.toLocaleString('en')} packets read`),
    });
  } catch (error) {
    throw error instanceof UnreadableCapture ? unreadable(error.path, error.cause) : error;
  } finally {
    status.clear();
    interruption.release();
  }
  const paths = sources.flatMap((source) => source.paths);
  if (format === 'text') await print(renderSummary(summary, paths));
  else {
    const facts = summaryFacts(summary);
    await print([
      format === 'json'
        ? `${terminalSafeJson(JSON.stringify(facts, undefined, 2))}\n`
        : toYaml(facts),
    ]);
  }
  const failed = failures(conditions, summary);
  for (const text of failed) process.stderr.write(`failed: ${text}\n`);
  return failed.length > 0 ? 1 : 0;
}

export const summaryCommand: Command<Flags> = { options, run };
