import { buildCondition, type FilterRequest } from '../../filters/build.ts';
import { renderAsCapture } from '../../filters/capture/render.ts';
import { describeCondition } from '../../filters/describeCondition.ts';
import { renderDisplayFilter } from '../../filters/display/render.ts';
import { type Explanation, explainFilter } from '../../filters/explain.ts';
import { renderDocument } from '../../output/renderDocument.ts';
import { print } from '../../output/standardOutput.ts';
import { terminalSafe } from '../../output/terminalSafe.ts';
import { wrongUsage } from '../../problem.ts';
import { command, type Invocation } from '../command.ts';
import type { FlagTable, FlagValues } from '../flags/flag.ts';
import { outputFlag } from '../flags/output.ts';
import { anyText, commaSeparated, oneOf } from '../flags/valueTypes.ts';

const BUILD_FLAGS = {
  address: {
    value: commaSeparated('ADDRESSES'),
    repeatable: true,
    help: 'Match packets from or to one of these addresses or networks, separated by commas',
  },
  source: {
    value: commaSeparated('ADDRESSES'),
    repeatable: true,
    help: 'Match packets from one of these',
  },
  destination: {
    value: commaSeparated('ADDRESSES'),
    repeatable: true,
    help: 'Match packets to one of these',
  },
  port: {
    value: commaSeparated('PORTS'),
    repeatable: true,
    help: 'Match packets from or to one of these ports: 80,8000-8080',
  },
  protocol: {
    value: commaSeparated('NAMES'),
    repeatable: true,
    help: 'Match one of these protocols, such as tcp, udp or dns',
  },
  flags: {
    value: commaSeparated('FLAGS'),
    repeatable: true,
    help: 'Match packets with one of these TCP flags: syn,rst',
  },
  length: { value: anyText('LENGTH'), help: "Match packets of this length: '>1000', '<=60'" },
  contains: { value: anyText('TEXT'), help: 'Match packets that contain this text' },
  from: {
    value: anyText('TIME'),
    help: 'Match packets since this time: "2024-02-01 14:05" (local), 2024-02-01T14:05Z (UTC), 14:05 (today)',
  },
  to: { value: anyText('TIME'), help: 'Match packets until this time' },
} as const satisfies FlagTable;

const FLAGS = {
  language: {
    value: oneOf('LANGUAGE', ['capture', 'display']),
    help: 'Language of EXPRESSION (default: detected)',
  },
  output: outputFlag(['json', 'yaml']),
} as const satisfies FlagTable;

type BuildValues = FlagValues<typeof BUILD_FLAGS>;

export const filtersCommand = command({
  description:
    'Explain a capture filter (capture -- EXPRESSION) or a display filter (read -Y, Wireshark), correct common mistakes, and translate it to the other language where possible.\n\n' +
    'With build options instead of EXPRESSION, build a filter in both languages. With neither, show common tasks in both languages.',
  examples: [
    ["filters 'tcp.flags.rst eq 1'", 'Explain a filter and correct it'],
    ["filters 'host 10.0.0.7 and port 80,443'", 'Translate a capture filter to a display filter'],
    ['filters --address 10.0.0.7 --port 443 --flags rst', 'Build a filter'],
    [
      'filters --from "2024-02-01 14:05" --to "2024-02-01 14:10"',
      'Build a filter for a time window',
    ],
    ['filters', 'Show common tasks'],
  ],
  arguments: [{ name: 'EXPRESSION', variadic: true }],
  rest: 'EXPRESSION',
  flags: [
    { title: 'Options', flags: FLAGS },
    { title: 'Options that build a filter', flags: BUILD_FLAGS },
  ],
  run,
});

async function run({
  flags,
  args,
  rest = [],
}: Invocation<BuildValues & FlagValues<typeof FLAGS>>): Promise<number> {
  const format = flags.output ?? 'text';
  const text = [...args, ...rest].join(' ').trim();
  const wishes = readConditions(flags);
  const hasBuildFlags = Object.keys(wishes).length > 0;
  if (hasBuildFlags && text !== '')
    throw wrongUsage('EXPRESSION cannot be combined with options that build a filter');
  if (text === '') {
    const filters = hasBuildFlags ? [buildFilter(wishes)] : EXAMPLES.map(buildFilter);
    await print(
      format === 'text'
        ? filters.map(filterPairText)
        : [renderDocument(hasBuildFlags ? filters[0] : filters, format)],
    );
    return 0;
  }
  const explanation = explainFilter(text, flags.language);
  await print(
    format === 'text'
      ? [explanationText(text, explanation)]
      : [renderDocument({ expression: text, ...explanation }, format)],
  );
  return explanation.problem === undefined ? 0 : 1;
}

function readConditions(flags: BuildValues): FilterRequest {
  const wishes: Record<string, string | readonly string[]> = {};
  for (const name of ['address', 'source', 'destination', 'port', 'protocol', 'flags'] as const)
    if (flags[name].length > 0) wishes[name] = flags[name].flat();
  for (const name of ['length', 'contains', 'from', 'to'] as const) {
    const value = flags[name];
    if (value !== undefined) wishes[name] = value;
  }
  return wishes;
}

/** Common examples. */
const EXAMPLES: readonly FilterRequest[] = [
  { address: ['10.0.0.7'] },
  { source: ['10.0.0.0/24'], destination: ['10.0.1.7'] },
  { port: ['5432'], protocol: ['tcp'] },
  { port: ['8000-8080'] },
  { address: ['fd00::7'], protocol: ['tcp'], port: ['443'] },
  { flags: ['rst'] },
  { flags: ['syn'], port: ['443'], protocol: ['tcp'] },
  { protocol: ['icmp', 'icmpv6'] },
  { protocol: ['dns'] },
  { protocol: ['tls'] },
  { length: '>1400' },
  { contains: 'timeout' },
  { from: '2024-02-01T14:05:00Z', to: '2024-02-01T14:10:00Z' },
];

function buildFilter(wishes: FilterRequest) {
  const condition = buildCondition(wishes);
  return {
    meaning: describeCondition(condition),
    capture: renderAsCapture(condition),
    display: renderDisplayFilter(condition),
  };
}

type FilterPair = Pick<Explanation, 'capture' | 'display'> & { readonly meaning: string };

function filterPairText({ meaning, capture, display }: FilterPair): string {
  return `${terminalSafe(meaning)}\n  capture:  ${filterText(capture)}\n  display:  ${filterText(display)}\n`;
}

function explanationText(text: string, explanation: Explanation): string {
  const { language, corrections, corrected, problem, meaning, capture, display } = explanation;
  const lines = [
    `${language} filter: ${terminalSafe(text)}`,
    ...corrections.map(({ kind, why }) => `  ${kind}: ${terminalSafe(why)}`),
    ...(corrections.length > 0 ? [`corrected: ${terminalSafe(corrected)}`] : []),
    ...(problem === undefined
      ? [
          `selects: ${terminalSafe(meaning ?? '')}`,
          language === 'display'
            ? `as a capture filter: ${filterText(capture)}`
            : `as a display filter: ${filterText(display)}`,
        ]
      : [`invalid: ${terminalSafe(problem)}`]),
  ];
  return `${lines.join('\n')}\n`;
}

function filterText(filter: Explanation['capture']): string {
  return terminalSafe(typeof filter === 'string' ? filter : `none: ${filter.reasons.join('; ')}`);
}
