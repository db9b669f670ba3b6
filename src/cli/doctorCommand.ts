import type { Argv } from 'yargs';
import { diagnose } from '../doctor/diagnose.ts';
import { renderDiagnosis } from '../doctor/renderDiagnosis.ts';
import { print } from '../output/standardOutput.ts';
import type { Command } from './commandLine.ts';
import { type ConnectionArguments, connect, connectionOptions } from './connectionFlags.ts';
import { type DebuggerArguments, debuggerOptions, settingsOf } from './debuggerFlags.ts';
import { examples } from './examples.ts';
import { onInterruption } from './interruption.ts';
import { parseChoice } from './values.ts';

type Flags = ConnectionArguments &
  DebuggerArguments & { target?: string; output?: string | undefined };

function options(parser: Argv): Argv<Flags> {
  const base = parser
    .usage(
      'Usage: $0 doctor [TARGET] [flags]\n\n' +
        'Says what works and what does not, why, and what to do; nothing is changed in the\n' +
        'cluster. The exit code is 0 when all that is needed is there, else 1.',
    )
    .positional('target', {
      type: 'string',
      describe: 'One pod or node: pod-1, deploy/web, node/worker-1',
    })
    .option('output', {
      alias: 'o',
      type: 'string',
      requiresArg: true,
      group: 'Flags:',
      describe: 'json or yaml',
    })
    .epilogue(
      examples([
        ['doctor', 'the cluster, and what you may do in this namespace'],
        ['doctor pod-1', 'and whether this pod can be debugged'],
        ['doctor node/worker-1', 'and whether its own network can be'],
        ['doctor -o json | jq -r .roles', 'what to ask an administrator for'],
      ]),
    );
  return debuggerOptions(connectionOptions(base)) as unknown as Argv<Flags>;
}

async function run(flags: Flags): Promise<number> {
  const format = parseChoice('-o', flags.output ?? 'table', ['table', 'json', 'yaml'] as const);
  const api = await connect(flags);
  const interruption = onInterruption();
  try {
    const diagnosis = await diagnose(api, flags.target, settingsOf(flags), interruption.signal);
    await print(renderDiagnosis(diagnosis, format, process.stdout.columns));
    return diagnosis.ready ? 0 : 1;
  } finally {
    interruption.release();
    api.close();
  }
}

export const doctorCommand: Command<Flags> = { options, run };
