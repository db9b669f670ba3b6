import type { Argv, InferredOptionTypes } from 'yargs';
import { explainRefusal } from '../debugger/refusals.ts';
import { findOwned } from '../inventory/findOwned.ts';
import { renderOwned } from '../inventory/renderOwned.ts';
import { usageOf } from '../inventory/usage.ts';
import { print } from '../output/standardOutput.ts';
import type { Command } from './commandLine.ts';
import { type ConnectionArguments, connect, connectionOptions } from './connectionFlags.ts';
import { examples } from './examples.ts';
import { onInterruption } from './interruption.ts';
import { noteUnanswered } from './unanswered.ts';
import { parseChoice } from './values.ts';

const FORMATS = ['table', 'wide', 'json', 'yaml', 'name'] as const;

const OPTIONS = {
  'all-namespaces': { alias: 'A', type: 'boolean', describe: 'Those of all namespaces' },
  output: { alias: 'o', type: 'string', requiresArg: true, describe: 'wide, json, yaml or name' },
} as const;

type Flags = InferredOptionTypes<typeof OPTIONS> & ConnectionArguments;

function options(parser: Argv): Argv<Flags> {
  const base = parser
    .usage(
      'Usage: $0 ps [flags]\n\n' +
        'Shows everything of ours: debuggers, captures that go on by themselves, and pods on\n' +
        'nodes; with what runs in them, and whether cleanup can remove them.',
    )
    .options(OPTIONS)
    .group(Object.keys(OPTIONS), 'Flags:')
    .epilogue(
      examples([
        ['ps', 'in this namespace'],
        ['ps -A -o wide', 'in all, with nodes and images'],
      ]),
    );
  return connectionOptions(base) as unknown as Argv<Flags>;
}

async function run(flags: Flags): Promise<number> {
  const format = parseChoice('-o', flags.output ?? 'table', FORMATS);
  const api = await connect(flags);
  const all = flags['all-namespaces'] === true;
  const { namespace } = api.access;
  const interruption = onInterruption();
  try {
    const { signal } = interruption;
    const owned = await findOwned(api, all ? 'all' : namespace, signal);
    if (owned.length === 0 && (format === 'table' || format === 'wide')) {
      process.stderr.write(`Nothing of ours found${all ? '' : ` in ${namespace} namespace`}.\n`);
      return 0;
    }
    const used = await usageOf(api, owned, signal);
    await print(renderOwned(used, format, all, api.serverTime()));
    noteUnanswered(used);
    return 0;
  } catch (error) {
    throw explainRefusal(error, namespace);
  } finally {
    interruption.release();
    api.close();
  }
}

export const psCommand: Command<Flags> = { options, run };
