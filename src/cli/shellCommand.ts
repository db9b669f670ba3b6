import { once } from 'node:events';
import { constants } from 'node:os';
import type { Readable } from 'node:stream';
import type { Argv } from 'yargs';
import { debuggerFor, findTarget } from '../debugger/debuggerFor.ts';
import type { Debugger } from '../debugger/place.ts';
import { explainRefusal } from '../debugger/refusals.ts';
import { AttendedProgram } from '../debugger/shell/attendedProgram.ts';
import type { KubeApi } from '../kube/api.ts';
import { parseTargets } from '../kube/targets/parseTargets.ts';
import { OutputClosed } from '../output/output.ts';
import { StandardOutput } from '../output/standardOutput.ts';
import { StatusLine } from '../output/statusLine.ts';
import { terminalSafe } from '../output/terminalSafe.ts';
import type { Command } from './commandLine.ts';
import { type ConnectionArguments, connect, connectionOptions } from './connectionFlags.ts';
import { type DebuggerArguments, debuggerOptions, settingsOf } from './debuggerFlags.ts';
import { examples } from './examples.ts';
import { onInterruption } from './interruption.ts';
import { hasTerminal, openTerminal, terminalSize } from './localTerminal.ts';

type Flags = ConnectionArguments & DebuggerArguments & { target?: string; '--'?: string[] };

function options(parser: Argv): Argv<Flags> {
  const base = parser
    .usage(
      'Usage: $0 shell TARGET [flags] [-- COMMAND [ARGUMENT]…]\n\n' +
        'The shell runs in a debugger in the network of the pod, with the tools of its image.\n' +
        'It has a terminal where standard input, output and error are one; else the streams\n' +
        'are passed as they are, and the exit code is that of the command. What was started\n' +
        'in it ends with it.',
    )
    .positional('target', {
      type: 'string',
      describe: 'One pod or node: pod-1, deploy/web, node/worker-1',
    })
    .epilogue(
      examples([
        ['shell pod-1', 'a shell in the network of the pod'],
        ['shell pod-1 -- ip -br address', 'one command'],
        ['shell pod-1 -- curl -s localhost:8080 > page', 'its output in a file here'],
        ['shell pod-1 -- nc db 5432 < request', 'its input from a file here'],
      ]),
    );
  return debuggerOptions(connectionOptions(base)) as unknown as Argv<Flags>;
}

async function run(flags: Flags): Promise<number> {
  const settings = settingsOf(flags);
  const api = await connect(flags);
  const { namespace } = api.access;
  try {
    const place = await findPlace(api, flags, settings);
    try {
      return await attend(await start(api, place, flags));
    } finally {
      await place.close();
    }
  } catch (error) {
    throw explainRefusal(error, namespace);
  } finally {
    // Whatever was not read is no longer waited for.
    process.stdin.destroy();
    api.close();
  }
}

async function findPlace(
  api: KubeApi,
  flags: Flags,
  settings: ReturnType<typeof settingsOf>,
): Promise<Debugger> {
  const interruption = onInterruption();
  const { signal } = interruption;
  const line = new StatusLine();
  const note = (text: string) => {
    line.clear();
    process.stderr.write(`${terminalSafe(text)}\n`);
  };
  try {
    const found = await findTarget(api, parseTargets([flags.target ?? '']), {
      signal,
      onNote: note,
    });
    signal.throwIfAborted();
    if (found.pod?.spec.hostNetwork)
      note(`pod "${found.pod.metadata.name}" uses its node's network: this is the node's`);
    return await debuggerFor(
      api,
      found,
      { profile: 'network', command: 'shell', ...settings },
      { onProgress: (text) => line.show(text), onNote: note, signal },
    );
  } finally {
    line.clear();
    interruption.release();
  }
}

async function start(api: KubeApi, place: Debugger, flags: Flags): Promise<AttendedProgram> {
  const terminal = hasTerminal() && { kind: process.env.TERM ?? '', size: terminalSize() };
  return AttendedProgram.start(api.access, place, {
    command: flags['--'] ?? [],
    input: process.stdin.isTTY !== true,
    ...(terminal && { terminal }),
  });
}

const ENDING = ['SIGTERM', 'SIGHUP'] as const;

/** Joins the user's streams and signals with the program's until it ends; gives its exit code. */
async function attend(program: AttendedProgram): Promise<number> {
  let ended: number | undefined;
  let interrupts = 0;
  const end = (signal: NodeJS.Signals) => {
    ended ??= 128 + constants.signals[signal];
    void program.close();
  };
  const onInterrupt = () => {
    interrupts += 1;
    if (interrupts === 1) program.interrupt();
    else end('SIGINT');
  };
  process.on('SIGINT', onInterrupt);
  for (const signal of ENDING) process.on(signal, end);
  const restore = hasTerminal() ? openTerminal((size) => program.resize(size)) : () => {};
  try {
    process.stdin.on('error', () => program.stdin.end());
    if (hasTerminal() || process.stdin.isTTY !== true) process.stdin.pipe(program.stdin);
    else program.stdin.end();
    const [code] = await Promise.all([
      program.exit,
      passOutput(program.stdout),
      passError(program.stderr),
    ]);
    return ended ?? code;
  } catch (error) {
    if (ended !== undefined) return ended;
    if (error instanceof OutputClosed) return 0;
    throw error;
  } finally {
    process.stdin.unpipe(program.stdin);
    restore();
    await program.close();
    process.off('SIGINT', onInterrupt);
    for (const signal of ENDING) process.off(signal, end);
  }
}

async function passOutput(stream: Readable): Promise<void> {
  const output = new StandardOutput();
  for await (const chunk of stream as AsyncIterable<Buffer>) await output.write(chunk);
}

async function passError(stream: Readable): Promise<void> {
  for await (const chunk of stream as AsyncIterable<Buffer>)
    if (!process.stderr.write(chunk)) await once(process.stderr, 'drain');
}

export const shellCommand: Command<Flags> = { options, run };
