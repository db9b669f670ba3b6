import { setTimeout as wait } from 'node:timers/promises';
import type { Argv, InferredOptionTypes } from 'yargs';
import { OutputClosed } from '../output/output.ts';
import { StandardOutput } from '../output/standardOutput.ts';
import { StatusLine } from '../output/statusLine.ts';
import { terminalSafeLines } from '../output/terminalSafe.ts';
import { wrongUsage } from '../problem.ts';
import { socketChanges } from '../sockets/changes.ts';
import { PortsSession } from '../sockets/ports.ts';
import { renderSockets, type SocketFormat } from '../sockets/render.ts';
import { renderChanges, renderChangesAsJson } from '../sockets/renderChanges.ts';
import { renderSummary } from '../sockets/renderSummary.ts';
import { summarizeSockets } from '../sockets/summary.ts';
import type { SocketList } from '../tools/socket.ts';
import type { Selection } from '../tools/socketSelection.ts';
import type { Command } from './commandLine.ts';
import { type ConnectionArguments, connect, connectionOptions } from './connectionFlags.ts';
import { type DebuggerArguments, debuggerOptions, settingsOf } from './debuggerFlags.ts';
import { examples } from './examples.ts';
import { Interrupted, onInterruption } from './interruption.ts';
import { type TargetArguments, targetOptions, targetsOf } from './targetFlags.ts';
import { parseChoice, parseDuration } from './values.ts';

const FORMATS = ['table', 'wide', 'json', 'yaml', 'name'] as const;

const OPTIONS = {
  tcp: { alias: 't', type: 'boolean', describe: 'TCP sockets  [unless -u or -x is given]' },
  udp: { alias: 'u', type: 'boolean', describe: 'UDP sockets' },
  unix: { alias: 'x', type: 'boolean', describe: 'Unix sockets' },
  ipv4: { alias: '4', type: 'boolean', describe: 'IPv4 only; dual-stack listeners are IPv6' },
  ipv6: { alias: '6', type: 'boolean', describe: 'IPv6 only' },
  listening: { alias: 'l', type: 'boolean', describe: 'Listening sockets only' },
  all: { alias: 'a', type: 'boolean', describe: 'Listening and connected  [the default]' },
  processes: {
    alias: 'p',
    type: 'boolean',
    describe: 'Name the processes (adds a second debugger to the pod, with SYS_PTRACE)',
  },
  container: {
    alias: 'c',
    type: 'string',
    requiresArg: true,
    describe: "With -p: the container whose processes are named  [kubectl's default]",
  },
  output: { alias: 'o', type: 'string', requiresArg: true, describe: 'wide, json, yaml or name' },
  summary: { type: 'boolean', describe: 'Count by state and by peer instead of listing' },
  watch: { type: 'boolean', describe: 'List, then show what changes until Ctrl-C' },
  interval: {
    type: 'string',
    requiresArg: true,
    describe: 'With --watch: time between looks  [2s]',
  },
} as const;

type Flags = InferredOptionTypes<typeof OPTIONS> &
  ConnectionArguments &
  DebuggerArguments &
  TargetArguments;

function options(parser: Argv): Argv<Flags> {
  const base = parser
    .usage('Usage: $0 ports TARGET… [flags]')
    .options(OPTIONS)
    .group(Object.keys(OPTIONS), 'Flags:')
    .epilogue(
      examples([
        ['ports pod-1', 'all TCP sockets'],
        ['ports pod-1 -lp', 'who listens'],
        ['ports pod-1 --summary', 'how many in which state, and whose'],
        ['ports deploy/web', 'those of all its pods'],
        ['ports -A --selector app=web -l', 'in all namespaces'],
        ['ports pod-1 --watch', 'what changes'],
        ['ports pod-1 -tu -o json | jq', 'into another program'],
      ]),
    );
  return debuggerOptions(
    connectionOptions(targetOptions(base, { short: false })),
  ) as unknown as Argv<Flags>;
}

async function run(flags: Flags): Promise<number> {
  const format = parseChoice('-o', flags.output ?? 'table', FORMATS);
  const selection = selectionOf(flags, format);
  const interval = parseDuration('--interval', flags.interval ?? '2s') * 1000;
  if (flags.summary && flags.watch) throw wrongUsage('--summary and --watch exclude each other');
  const wanted = targetsOf(flags);
  const api = await connect(flags);
  const interruption = onInterruption();
  const line = new StatusLine();
  const told = new Set<string>();
  const note = (text: string) => {
    line.clear();
    if (!told.has(text)) process.stderr.write(`${terminalSafeLines(text)}\n`);
    told.add(text);
  };
  const session = new PortsSession(api, {
    ...wanted,
    selection,
    ...(flags.container !== undefined && { container: flags.container }),
    settings: settingsOf(flags),
    onNote: note,
    onProgress: (text) => line.show(text),
    signal: interruption.signal,
  });
  let failed = false;
  const list = async () => {
    const { sockets, unreadable, failures } = await session.list();
    line.clear();
    if (unreadable > 0) note(`warning: ${unreadable} lines of the list were not understood`);
    for (const { pod, error } of failures)
      note([`pod "${pod}": ${error.message}`, ...error.next.map((step) => `  ${step}`)].join('\n'));
    failed ||= failures.length > 0;
    return sockets;
  };
  try {
    const sockets = await list();
    await print(
      flags.summary
        ? renderSummary(summarizeSockets(sockets), summaryFormat(format))
        : renderSockets(sockets, format, selection.processes),
    );
    if (flags.watch) await watchChanges(list, sockets, format, interval, interruption.signal);
    return failed ? 1 : 0;
  } catch (error) {
    if (error instanceof OutputClosed) return 0;
    throw error;
  } finally {
    line.clear();
    await session.close();
    interruption.release();
    api.close();
  }
}

/** Looks again and again, and prints what is different; Ctrl-C is its normal end. */
async function watchChanges(
  list: () => Promise<SocketList>,
  first: SocketList,
  format: SocketFormat,
  interval: number,
  signal: AbortSignal,
): Promise<void> {
  let before = first;
  try {
    for (;;) {
      await wait(interval, undefined, { signal });
      const after = await list();
      const changes = socketChanges(before, after);
      const render = format === 'json' ? renderChangesAsJson : renderChanges;
      await print(render(changes, new Date()));
      before = after;
    }
  } catch (error) {
    if (!(signal.reason instanceof Interrupted)) throw error;
  }
}

async function print(chunks: Iterable<string>): Promise<void> {
  const output = new StandardOutput();
  for (const chunk of chunks) await output.write(Buffer.from(chunk));
}

function selectionOf(flags: Flags, format: SocketFormat): Selection {
  if (flags.listening && flags.all) throw wrongUsage('-l and -a exclude each other');
  const any = flags.tcp || flags.udp || flags.unix;
  const family = flags.ipv4 || flags.ipv6;
  return {
    tcp: flags.tcp === true || !any,
    udp: flags.udp === true,
    unix: flags.unix === true,
    ipv4: flags.ipv4 === true || !family,
    ipv6: flags.ipv6 === true || !family,
    states: flags.listening ? 'listening' : 'all',
    processes: flags.processes === true,
    details: format === 'wide' || format === 'json' || format === 'yaml',
  };
}

function summaryFormat(format: SocketFormat): 'table' | 'json' | 'yaml' {
  return format === 'json' || format === 'yaml' ? format : 'table';
}

export const portsCommand: Command<Flags> = { options, run };
