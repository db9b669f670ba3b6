import type { Argv, InferredOptionTypes } from 'yargs';
import { conditionOfWishes, type Wishes } from '../filters/build.ts';
import { renderAsCapture } from '../filters/capture/render.ts';
import { renderDisplayFilter } from '../filters/display/render.ts';
import { type Explanation, explainFilter } from '../filters/explain.ts';
import { inWords } from '../filters/words.ts';
import { print } from '../output/standardOutput.ts';
import { terminalSafe, terminalSafeJson } from '../output/terminalSafe.ts';
import { toYaml } from '../output/yaml.ts';
import { wrongUsage } from '../problem.ts';
import type { Command } from './commandLine.ts';
import { examples } from './examples.ts';
import { splitRepeated } from './repeatedFlags.ts';
import { parseChoice } from './values.ts';

const FORMATS = ['text', 'json', 'yaml'] as const;
const LANGUAGES = ['capture', 'display'] as const;

const OPTIONS = {
  language: {
    type: 'string',
    requiresArg: true,
    describe: 'capture or display: the language of EXPRESSION  [recognized]',
  },
  address: {
    type: 'string',
    requiresArg: true,
    describe: 'Build a filter: from or to this address or network; several with commas',
  },
  source: { type: 'string', requiresArg: true, describe: 'From this address or network' },
  destination: { type: 'string', requiresArg: true, describe: 'To this address or network' },
  port: { type: 'string', requiresArg: true, describe: 'From or to this port: 80, 8000-8080' },
  protocol: { type: 'string', requiresArg: true, describe: 'Protocol, such as tcp, udp or dns' },
  flags: { type: 'string', requiresArg: true, describe: 'With any of these TCP flags: syn,rst' },
  length: { type: 'string', requiresArg: true, describe: "Length of the packet: '>1000', '<=60'" },
  contains: { type: 'string', requiresArg: true, describe: 'With this text in the packet' },
  from: {
    type: 'string',
    requiresArg: true,
    describe: 'From this time: "2024-02-01 14:05" (local), 2024-02-01T14:05Z (UTC), 14:05 (today)',
  },
  to: { type: 'string', requiresArg: true, describe: 'Up to this time' },
  output: { alias: 'o', type: 'string', requiresArg: true, describe: 'json or yaml' },
} as const;

type Flags = InferredOptionTypes<typeof OPTIONS> & {
  expression?: string[];
  '--'?: (string | number)[];
};

function options(parser: Argv): Argv<Flags> {
  return parser
    .usage(
      'Usage: $0 filters [EXPRESSION] [flags]\n\n' +
        'Explains a capture filter (capture -- EXPRESSION) or a display filter (read -Y,\n' +
        'Wireshark), corrects common mistakes, and writes it in the other language where that is\n' +
        'possible. With flags instead of an expression, builds both filters. Without either,\n' +
        'shows how common tasks are written in both languages.',
    )
    .positional('expression', { type: 'string', array: true, describe: 'The filter' })
    .options(OPTIONS)
    .group(Object.keys(OPTIONS), 'Flags:')
    .epilogue(
      examples([
        ["filters 'tcp.flags.rst eq 1'", 'what is wrong with it'],
        ["filters 'host 10.0.0.7 and port 80,443'", 'a capture filter, as a display filter too'],
        ['filters --address 10.0.0.7 --port 443 --flags rst', 'build one'],
        ['filters --from "2024-02-01 14:05" --to "2024-02-01 14:10"', 'a time window'],
        ['filters', 'common tasks'],
      ]),
    ) as unknown as Argv<Flags>;
}

async function run(flags: Flags): Promise<number> {
  const format = parseChoice('-o', flags.output ?? 'text', FORMATS);
  const text = [...(flags.expression ?? []), ...(flags['--'] ?? [])].join(' ').trim();
  const wishes = wishesOf(flags);
  const isBuilt = Object.keys(wishes).length > 0;
  if (isBuilt && text !== '')
    throw wrongUsage('an expression is explained, and flags build one: give one of both');
  if (text === '') {
    const built = isBuilt ? [builtFrom(wishes)] : TASKS.map(builtFrom);
    await print(
      format === 'text' ? built.map(builtText) : data(isBuilt ? built[0] : built, format),
    );
    return 0;
  }
  const language =
    flags.language === undefined ? undefined : parseChoice('--language', flags.language, LANGUAGES);
  const explanation = explainFilter(text, language);
  await print(
    format === 'text'
      ? [explanationText(text, explanation)]
      : data({ expression: text, ...explanation }, format),
  );
  return explanation.problem === undefined ? 0 : 1;
}

const LISTS = ['address', 'source', 'destination', 'port', 'protocol', 'flags'] as const;
const TEXTS = ['length', 'contains', 'from', 'to'] as const;

function wishesOf(flags: Flags): Wishes {
  const wishes: Record<string, string | string[]> = {};
  for (const name of LISTS) {
    const value = flags[name];
    if (value !== undefined) wishes[name] = splitRepeated(value).join(',').split(',');
  }
  for (const name of TEXTS) {
    const value = flags[name];
    if (value !== undefined) wishes[name] = value;
  }
  return wishes;
}

/** What people ask for most. */
const TASKS: readonly Wishes[] = [
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

function builtFrom(wishes: Wishes) {
  const condition = conditionOfWishes(wishes);
  return {
    meaning: inWords(condition),
    capture: renderAsCapture(condition),
    display: renderDisplayFilter(condition),
  };
}

type Built = Pick<Explanation, 'capture' | 'display'> & { readonly meaning: string };

function builtText({ meaning, capture, display }: Built): string {
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
      : [`not understood: ${terminalSafe(problem)}`]),
  ];
  return `${lines.join('\n')}\n`;
}

function filterText(filter: Explanation['capture']): string {
  return terminalSafe(typeof filter === 'string' ? filter : `none: ${filter.reasons.join('; ')}`);
}

function data(value: unknown, format: 'json' | 'yaml'): string[] {
  return format === 'json'
    ? [`${terminalSafeJson(JSON.stringify(value, undefined, 2))}\n`]
    : [toYaml(value)];
}

export const filtersCommand: Command<Flags> = { options, run };
