import { setTimeout as wait } from 'node:timers/promises';
import { type Notice, noticeLines } from '../../notice.ts';
import { OutputClosed } from '../../output/output.ts';
import type { ListFormat } from '../../output/renderList.ts';
import { StandardOutput } from '../../output/standardOutput.ts';
import { wrongUsage } from '../../problem.ts';
import { socketChanges } from '../../sockets/changes.ts';
import { PortsSession } from '../../sockets/ports.ts';
import { renderSockets } from '../../sockets/render.ts';
import { renderChanges, renderChangesAsJson } from '../../sockets/renderChanges.ts';
import { renderSocketSummary } from '../../sockets/renderSocketSummary.ts';
import { summarizeSockets } from '../../sockets/summary.ts';
import { problemMoment } from '../../timing.ts';
import type { SocketList } from '../../tools/socket.ts';
import type { Selection } from '../../tools/socketSelection.ts';
import { command, type Invocation } from '../command.ts';
import { connect } from '../connect.ts';
import { noteLines, notify, statusLine } from '../console.ts';
import { openEarlyExec } from '../earlyExec.ts';
import { DEBUGGER_GROUP, type DebuggerValues } from '../flags/debugger.ts';
import type { FlagTable, FlagValues } from '../flags/flag.ts';
import { LIST_OUTPUT } from '../flags/output.ts';
import {
  parseTargetArgs,
  TARGET_GROUP,
  TARGETS,
  TARGETS_HELP,
  type TargetValues,
  targetsInNamespace,
} from '../flags/targets.ts';
import { anyText, DURATION } from '../flags/valueTypes.ts';
import { Interrupted, onInterruption } from '../interruption.ts';
import { debuggerSettings } from '../settings.ts';

const FLAGS = {
  tcp: { alias: 't', help: 'List TCP sockets (default unless -u or -x is given)' },
  udp: { alias: 'u', help: 'List UDP sockets' },
  unix: { alias: 'x', help: 'List Unix sockets' },
  ipv4: { alias: '4', help: 'List IPv4 and dual-stack (*:PORT) sockets only' },
  ipv6: { alias: '6', help: 'List IPv6 sockets only' },
  listening: { alias: 'l', help: 'List listening sockets only' },
  all: { alias: 'a', help: 'List listening and connected sockets (the default)' },
  processes: {
    alias: 'p',
    help: 'Show process names; adds a second debugger with SYS_PTRACE to the pod',
  },
  container: {
    alias: 'c',
    value: anyText('NAME', 'containers'),
    help: 'With -p: show the processes of this container (default: the one that kubectl exec uses)',
  },
  output: LIST_OUTPUT,
  summary: { help: 'Count sockets by state and by peer' },
  watch: { help: 'After listing the sockets, show changes until Ctrl-C' },
  interval: { value: DURATION, default: '2s', help: 'With --watch: time between updates' },
} as const satisfies FlagTable;

type Flags = FlagValues<typeof FLAGS>;

export const portsCommand = command({
  description: `Show the sockets of pods and nodes, as netstat does.\n\n${TARGETS_HELP}`,
  examples: [
    ['ports pod-1', 'List all TCP sockets of a pod'],
    ['ports pod-1 -lp', 'List listening sockets and their processes'],
    ['ports pod-1 --summary', 'Count sockets by state and by peer'],
    ['ports deploy/web', 'List the sockets of all pods of a deployment'],
    ['ports -A --selector app=web -l', 'List listening sockets in all namespaces'],
    ['ports pod-1 --watch', 'Show changes'],
    ['ports pod-1 -tu -o json | jq', 'Pass TCP and UDP sockets to jq'],
  ],
  arguments: [TARGETS],
  flags: [{ title: 'Options', flags: FLAGS }, TARGET_GROUP, DEBUGGER_GROUP],
  run,
});

async function run({ flags, args }: Invocation<Flags & TargetValues & DebuggerValues>) {
  const format = flags.output ?? 'table';
  const selection = parseSelection(flags, format);
  const interval = flags.interval * 1000;
  if (flags.summary && flags.watch) throw wrongUsage('--summary and --watch cannot be combined');
  if (flags.container !== undefined && !flags.processes)
    throw wrongUsage(
      '-c requires -p',
      'only processes belong to a container: ports pod-1 -p -c NAME',
    );
  if (flags.interval !== DURATION.parse(FLAGS.interval.default) && !flags.watch)
    throw wrongUsage('--interval requires --watch');
  const parsed = parseTargetArgs(args, flags);
  const settings = debuggerSettings(flags);
  const { api, namespace } = await connect(flags);
  const targets = targetsInNamespace(parsed, namespace);
  const interruption = onInterruption();
  const line = statusLine();
  const printedNotes = new Set<string>();
  const notifyOnce = (notice: Notice) => {
    const text = noticeLines(notice).join('\n');
    if (!printedNotes.has(text)) notify(notice);
    printedNotes.add(text);
  };
  const earlyExec = selection.processes ? undefined : openEarlyExec(api, targets.targets, settings);
  const session = new PortsSession(api, {
    ...targets,
    early: earlyExec,
    selection,
    ...(flags.container !== undefined && { container: flags.container }),
    settings,
    onNote: notifyOnce,
    onProgress: (text) => line.wait(text),
    signal: interruption.signal,
  });
  let failed = false;
  const list = async () => {
    const { sockets, unreadable, failures, declared, targets } = await session.list();
    line.clear();
    for (const text of declared) notifyOnce({ kind: 'hint', text: `note: ${text}` });
    if (sockets.length === 0)
      notifyOnce({ kind: 'nothing-found', text: emptyText(selection, targets) });
    if (unreadable > 0)
      notifyOnce({
        kind: 'incomplete',
        text: `warning: ${unreadable} lines of the list could not be parsed`,
      });
    for (const { pod, error } of failures) {
      const text = [
        `pod "${pod}": ${error.message}`,
        ...error.next.map((step) => `  ${step}`),
      ].join('\n');
      problemMoment(error, pod);
      if (!printedNotes.has(text)) noteLines(text);
      printedNotes.add(text);
    }
    failed ||= failures.length > 0;
    return sockets;
  };
  try {
    const sockets = await list();
    // As in kubectl, an empty table is replaced with a sentence on standard error.
    const isEmpty = sockets.length === 0 && (format === 'table' || format === 'wide');
    if (!isEmpty)
      await print(
        flags.summary
          ? renderSocketSummary(summarizeSockets(sockets), summaryFormat(format))
          : renderSockets(sockets, format, selection.processes),
      );
    if (flags.watch) await watchChanges(list, sockets, format, interval, interruption.signal);
    return failed ? 1 : 0;
  } catch (error) {
    if (error instanceof OutputClosed) return 0;
    throw error;
  } finally {
    line.clear();
    earlyExec?.close();
    await session.close();
    interruption.release();
    api.close();
  }
}

/** Lists the sockets repeatedly, and prints the differences. Ctrl-C is the normal end. */
async function watchChanges(
  list: () => Promise<SocketList>,
  first: SocketList,
  format: ListFormat,
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

function parseSelection(flags: Flags, format: ListFormat): Selection {
  if (flags.listening && flags.all) throw wrongUsage('-l and -a cannot be combined');
  const hasProtocol = flags.tcp || flags.udp || flags.unix;
  const hasFamily = flags.ipv4 || flags.ipv6;
  return {
    tcp: flags.tcp || !hasProtocol,
    udp: flags.udp,
    unix: flags.unix,
    ipv4: flags.ipv4 || !hasFamily,
    ipv6: flags.ipv6 || !hasFamily,
    states: flags.listening ? 'listening' : 'all',
    processes: flags.processes,
    details: format === 'wide' || format === 'json' || format === 'yaml',
  };
}

function emptyText({ tcp, udp, unix, states, ipv4, ipv6 }: Selection, targets: number): string {
  const kinds = [...(tcp ? ['TCP'] : []), ...(udp ? ['UDP'] : []), ...(unix ? ['Unix'] : [])];
  const family = ipv4 && ipv6 ? '' : ipv4 ? ' for IPv4' : ' for IPv6';
  const podsText = targets === 1 ? '' : ` in ${targets} pods`;
  return `no ${states === 'listening' ? 'listening ' : ''}${kinds.join(' or ')} sockets${family}${podsText}`;
}

function summaryFormat(format: ListFormat): 'table' | 'json' | 'yaml' {
  return format === 'json' || format === 'yaml' ? format : 'table';
}
