import { constants } from 'node:os';
import type { Readable } from 'node:stream';
import type { DebuggerSettings } from '../../debugger/container.ts';
import type { Debugger } from '../../debugger/debugger.ts';
import { debuggerFor } from '../../debugger/debuggerFor.ts';
import { namespaceOnNode, parseNamespaceName } from '../../debugger/node/namespaceOnNode.ts';
import { InteractiveProgram } from '../../debugger/shell/interactiveProgram.ts';
import type { KubeApi } from '../../kube/api.ts';
import { oneTarget } from '../../kube/targets/oneTarget.ts';
import {
  type NamedTarget,
  parseTarget,
  targetInNamespace,
} from '../../kube/targets/parseTargets.ts';
import { OutputClosed } from '../../output/output.ts';
import { StandardOutput } from '../../output/standardOutput.ts';
import { wrongUsage } from '../../problem.ts';
import { command, type Invocation } from '../command.ts';
import { connect } from '../connect.ts';
import { notify, passThrough, statusLine } from '../console.ts';
import { DEBUGGER_GROUP, type DebuggerValues } from '../flags/debugger.ts';
import { TARGET } from '../flags/targets.ts';
import { anyText } from '../flags/valueTypes.ts';
import { onInterruption } from '../interruption.ts';
import { hasTerminal, openTerminal, terminalSize } from '../localTerminal.ts';
import { debuggerSettings } from '../settings.ts';

export const shellCommand = command({
  description:
    'Open a shell, or run a command, in a debugger in the network of a pod or node, with the tools of the image.\n\n' +
    'TARGET is one pod or node: pod-1, deploy/web, node/worker-1. The program gets a terminal if standard input, output and error are terminals. Otherwise its streams are passed through. The exit code is that of the program. Processes that the program started are ended with it.',
  examples: [
    ['shell pod-1', 'Open a shell in the network of a pod'],
    ['shell pod-1 -- ip -br address', 'Run one command'],
    ['shell pod-1 -- curl -s localhost:8080 > page', 'Save its output in a local file'],
    ['shell pod-1 -- nc db 5432 < request', 'Read its input from a local file'],
    [
      'shell node/worker-1 --netns 4026532308 -- ip address',
      'Run a command in any network namespace of a node',
    ],
  ],
  arguments: [{ ...TARGET, required: true }],
  rest: 'COMMAND [args...]',
  flags: [
    {
      title: 'Options',
      flags: {
        netns: {
          value: anyText('NAME'),
          help: 'With a node: enter the network namespace of this inode or name, as "ip netns exec" does',
        },
      },
    },
    DEBUGGER_GROUP,
  ],
  run,
});

async function run({
  flags,
  args: [targetName = ''],
  rest: command = [],
}: Invocation<DebuggerValues & { readonly netns: string | undefined }>): Promise<number> {
  const settings = debuggerSettings(flags);
  const netns = flags.netns === undefined ? undefined : parseNamespaceName(flags.netns);
  const parsed = parseTarget(targetName);
  if (netns !== undefined && parsed.kind !== 'node')
    throw wrongUsage(
      '--netns can only be used with a node',
      'as in: shell node/worker-1 --netns 4026532308',
    );
  // The streams belong to the program.
  statusLine().disablePrintedWaits();
  const { api, namespace } = await connect(flags);
  try {
    const debuggerInTarget = await findDebugger(
      api,
      targetInNamespace(parsed, namespace),
      settings,
      netns,
    );
    try {
      return await attachStreams(await startProgram(api, debuggerInTarget, command));
    } finally {
      await debuggerInTarget.close();
    }
  } finally {
    // Do not wait for input that was not read.
    process.stdin.destroy();
    api.close();
  }
}

async function findDebugger(
  api: KubeApi,
  target: NamedTarget,
  settings: DebuggerSettings,
  netns: string | undefined,
): Promise<Debugger> {
  const interruption = onInterruption();
  const { signal } = interruption;
  const line = statusLine();
  try {
    const resolved = await oneTarget(api, [target], {
      signal,
      onNote: notify,
    });
    signal.throwIfAborted();
    if (resolved.pod?.spec.hostNetwork)
      notify({
        kind: 'node-network',
        text: `pod "${resolved.pod.metadata.name}" uses the network of its node, so this is the node's network`,
      });
    const request = { profile: 'network', command: 'shell', ...settings } as const;
    const options = { onProgress: (text: string) => line.wait(text), onNote: notify, signal };
    return netns !== undefined && resolved.pod === undefined
      ? await namespaceOnNode(api, resolved, netns, request, options)
      : await debuggerFor(api, resolved, request, options);
  } finally {
    line.clear();
    interruption.release();
  }
}

async function startProgram(
  api: KubeApi,
  debuggerInTarget: Debugger,
  command: readonly string[],
): Promise<InteractiveProgram> {
  const terminal = hasTerminal() && { kind: process.env.TERM ?? '', size: terminalSize() };
  return InteractiveProgram.start(api.access, debuggerInTarget, {
    command,
    input: process.stdin.isTTY !== true,
    ...(terminal && { terminal }),
  });
}

const TERMINATION_SIGNALS = ['SIGTERM', 'SIGHUP'] as const;

/** Connects the user's streams and signals to the program until it ends. Returns its exit code. */
async function attachStreams(program: InteractiveProgram): Promise<number> {
  let exitCode: number | undefined;
  let interruptCount = 0;
  const terminate = (signal: NodeJS.Signals) => {
    exitCode ??= 128 + constants.signals[signal];
    void program.close();
  };
  const onInterrupt = () => {
    interruptCount += 1;
    if (interruptCount === 1) program.interrupt();
    else terminate('SIGINT');
  };
  process.on('SIGINT', onInterrupt);
  for (const signal of TERMINATION_SIGNALS) process.on(signal, terminate);
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
    return exitCode ?? code;
  } catch (error) {
    if (exitCode !== undefined) return exitCode;
    if (error instanceof OutputClosed) return 0;
    throw error;
  } finally {
    process.stdin.unpipe(program.stdin);
    restore();
    await program.close();
    process.off('SIGINT', onInterrupt);
    for (const signal of TERMINATION_SIGNALS) process.off(signal, terminate);
  }
}

async function passOutput(stream: Readable): Promise<void> {
  const output = new StandardOutput();
  for await (const chunk of stream as AsyncIterable<Buffer>) await output.write(chunk);
}

async function passError(stream: Readable): Promise<void> {
  for await (const chunk of stream as AsyncIterable<Buffer>) await passThrough(chunk);
}
