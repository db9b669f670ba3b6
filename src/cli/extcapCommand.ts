import { homedir } from 'node:os';
import type { Argv } from 'yargs';
import { terminalSafe } from '../output/terminalSafe.ts';
import type { Command } from './commandLine.ts';
import { examples } from './examples.ts';
import { installExtcap } from './extcap/install.ts';
import { parseChoice } from './values.ts';

/** What can be fixed for Wireshark; the rest is as kubectl has it. */
const REMEMBERED = ['kubeconfig', 'context', 'namespace'] as const;

const OPTIONS = {
  kubeconfig: { type: 'string', requiresArg: true, describe: 'Always use this kubeconfig' },
  context: {
    type: 'string',
    requiresArg: true,
    describe: 'Always use this context  [the current]',
  },
  namespace: {
    alias: 'n',
    type: 'string',
    requiresArg: true,
    describe: "List the pods of this namespace  [the context's]",
  },
} as const;

type Flags = { readonly action?: string } & {
  readonly [name in (typeof REMEMBERED)[number]]?: string | undefined;
};

function options(parser: Argv): Argv<Flags> {
  return parser
    .usage(
      'Usage: $0 extcap install [flags]\n\nThen running pods are interfaces in Wireshark and tshark: choose one, a filter, and start.',
    )
    .positional('action', { type: 'string', describe: 'install' })
    .options(OPTIONS)
    .epilogue(
      examples([
        ['extcap install', 'the pods of the current context, whichever that is'],
        ['extcap install -n shop', 'those of another namespace'],
      ]),
    ) as unknown as Argv<Flags>;
}

async function run(flags: Flags): Promise<number> {
  parseChoice('extcap', flags.action ?? '', ['install'] as const);
  const host = { platform: process.platform, env: process.env, home: homedir() };
  const remembered = new Map(
    REMEMBERED.flatMap((name) => {
      const value = flags[name];
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
  const paths = installExtcap(host, remembered);
  const lines = [
    ...paths.map((path) => `written: ${path}`),
    'start Wireshark anew (or press F5 in its start page): pods are among its interfaces',
  ];
  process.stderr.write(`${lines.map((line) => terminalSafe(line)).join('\n')}\n`);
  return 0;
}

export const extcapCommand: Command<Flags> = { options, run };
