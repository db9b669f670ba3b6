import type { Argument, Command } from './command.ts';
import { COMMAND_GROUPS, COMMANDS } from './commandList.ts';
import type { Flag, FlagGroup } from './flags/flag.ts';
import { firstColumnWidth, twoColumns, wrapParagraph } from './textLayout.ts';
import { PROGRAM_NAME } from './usageErrors.ts';

const SUMMARY = "Debug a pod's network from your laptop, through the Kubernetes API.";
const HELP = `Use "${PROGRAM_NAME} COMMAND --help" for more information about a command.`;
const OPTIONS = `Use "${PROGRAM_NAME} options" for the options that apply to all commands.`;

/** The help of the program: its commands, grouped, in lines of at most `width` characters. */
export function programHelp(width: number): string {
  const firstWidth = firstColumnWidth(COMMANDS.map(({ name }) => name));
  const groups = COMMAND_GROUPS.map(({ title, commands }) => [
    `${title}:`,
    ...twoColumns(
      commands.map(({ name, summary }) => [name, summary]),
      { first: firstWidth, width },
    ),
  ]);
  return joinSections([
    wrapParagraph(SUMMARY, width),
    ...groups,
    ['Usage:', `  ${PROGRAM_NAME} COMMAND [options]`],
    [...wrapParagraph(HELP, width), ...wrapParagraph(OPTIONS, width)],
  ]);
}

/** The help of a command, in kubectl's layout: description, examples, options, usage. */
export function commandHelp(name: string, command: Command, width: number): string {
  const { description, examples = [], flags } = command;
  const allFlags = flags.flatMap((group) => Object.entries(group.flags));
  const firstWidth = firstColumnWidth(allFlags.map(([flag, spec]) => flagUsage(flag, spec)));
  return joinSections([
    ...description.split('\n\n').map((paragraph) => wrapParagraph(paragraph, width)),
    examples.length === 0
      ? []
      : [
          'Examples:',
          ...examples.flatMap(([line, description], index) => [
            ...(index === 0 ? [] : ['']),
            `  # ${description}`,
            `  ${PROGRAM_NAME} ${line}`,
          ]),
        ],
    ...flags.map((group) => optionLines(group, firstWidth, width)),
    ['Usage:', ...indentUsage(usageLine(name, command), width)],
    wrapParagraph(OPTIONS, width),
  ]);
}

/** A command line. Continuation lines are indented further. */
function indentUsage(line: string, width: number): string[] {
  return wrapParagraph(line, width - 4).map((part, index) => (index === 0 ? '  ' : '    ') + part);
}

function joinSections(sections: readonly (readonly string[])[]): string {
  const blocks = sections.filter(({ length }) => length > 0).map((lines) => lines.join('\n'));
  return `${blocks.join('\n\n')}\n`;
}

function optionLines({ title, flags }: FlagGroup, firstWidth: number, width: number): string[] {
  const pairs = Object.entries(flags).map(
    ([name, flag]) => [flagUsage(name, flag), flagHelp(flag)] as const,
  );
  return pairs.length === 0
    ? []
    : [`${title}:`, ...twoColumns(pairs, { first: firstWidth, width })];
}

/** A flag as shown in help: `-w, --write=FILE`. */
function flagUsage(name: string, flag: Flag): string {
  const { alias, value } = flag;
  const isOptional = flag.value !== undefined && flag.bare !== undefined;
  const short = alias === undefined ? '    ' : `-${alias}, `;
  const shown = value === undefined ? '' : `=${value.placeholder}`;
  return `${short}--${name}${isOptional ? `[${shown}]` : shown}`;
}

/** The help text of a flag, with its allowed values and its default. */
export function flagHelp({ help, ...flag }: Flag): string {
  if (!flag.value) return help;
  const { choices } = flag.value;
  const values = choices ? `. One of: ${choices.join(', ')}` : '';
  return `${help}${values}${flag.default === undefined ? '' : ` (default ${flag.default})`}`;
}

/** The usage line of a command: `kubectl netdebug capture TARGET... [-- EXPRESSION] [options]`. */
export function usageLine(name: string, { arguments: args = [], rest, flags }: Command): string {
  return [
    PROGRAM_NAME,
    name,
    ...args.map(argumentUsage),
    ...(rest === undefined ? [] : [`[-- ${rest}]`]),
    ...(flags.length > 0 ? ['[options]'] : []),
  ].join(' ');
}

function argumentUsage({ name, choices, required, variadic }: Argument): string {
  if (variadic || !choices) {
    const word = variadic ? `${name}...` : name;
    return required ? word : `[${word}]`;
  }
  return required ? `(${choices.join(' | ')})` : `[${choices.join(' | ')}]`;
}
