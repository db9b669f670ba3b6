import type { Debugger } from '../debugger/debugger.ts';
import type { Profile } from '../debugger/profile.ts';
import { type ShortCommand, startShortCommand } from '../debugger/shortCommand.ts';
import { showWaiting } from '../debugger/startWait.ts';
import type { Access } from '../kube/authentication.ts';
import { ExecProblem } from '../kube/execStatus.ts';
import type { Notice } from '../notice.ts';
import { Problem } from '../problem.ts';
import {
  descriptorsCommand,
  processNamesCommand,
  procNetCommand,
  procNetLineParser,
} from '../tools/procNet.ts';
import { isListening, type Socket, type SocketOwners } from '../tools/socket.ts';
import type { Selection } from '../tools/socketSelection.ts';
import { ssCommand, ssLineParser } from '../tools/ss.ts';
import { boundedExit, boundedOutput, Unusable } from './boundedOutput.ts';
import { collectOwners, collectSockets, type SocketLineParser } from './collect.ts';
import { SocketStore } from './socketStore.ts';

/** The sockets of one pod, and the number of lines that were not understood. Each such line is a missing socket. */
export interface PodSockets {
  readonly store: SocketStore;
  readonly unreadable: number;
}

export interface ListingOptions {
  /** The label of the pod in a list of several pods. */
  readonly label?: string;
  readonly signal?: AbortSignal;
  /**
   * Called while waiting: `note` occasionally, for a line of its own, and `waiting` every second, for the status line.
   */
  readonly note: (notice: Notice) => void;
  readonly waiting: (text: string) => void;
}

/** Nothing is shown until the list is complete, so it can be requested again if the connection breaks. */
const MAX_ATTEMPTS = 3;

/**
 * Lists the sockets of a pod with the programs of its debugger: ss, or cat on the kernel's tables if that is faster, or
 * if ss is missing or its output is not understood. Throws the errors of exec, or a Problem if neither works.
 */
export async function listSockets(
  access: Access,
  dbg: Debugger,
  profile: Profile,
  selection: Selection,
  options: ListingOptions,
): Promise<PodSockets> {
  const { signal, note, waiting } = options;
  const stopNotices = showWaiting('the pod to list its sockets', { note, waiting });
  try {
    for (let attempt = 1; ; attempt++) {
      try {
        return await listOnce(access, dbg, profile, selection, options);
      } catch (error) {
        const isCut = error instanceof ExecProblem && error.failure === 'cut';
        if (!isCut || attempt >= MAX_ATTEMPTS || signal?.aborted) throw error;
      }
    }
  } finally {
    stopNotices();
  }
}

async function listOnce(
  access: Access,
  dbg: Debugger,
  profile: Profile,
  selection: Selection,
  { label, signal, note }: ListingOptions,
): Promise<PodSockets> {
  const start = (command: readonly string[]) =>
    startShortCommand(access, dbg, profile, command, signal);
  // ss can find the processes itself, but opens every process for every socket, which is a hundred times slower.
  const owners = selection.processes ? await listOwners(start) : undefined;
  const query = { ...selection, processes: false, details: selection.details || !!owners };

  const readers: readonly Reader[] = [
    { command: ssCommand(query), parse: ssLineParser(query, owners) },
    { command: procNetCommand(query), parse: procNetLineParser(owners) },
  ];
  const errors: string[] = [];
  for (const { command, parse } of isSlowWithSs(query) ? readers.toReversed() : readers) {
    const result = await collect(await start(command), command, parse, query, label);
    const { store, unreadable, code, errorText, unusable } = result;
    if (unusable) note({ kind: 'program-unusable', text: `note: ${unusable.message}` });
    const isUnparsable = store.length === 0 && unreadable > 0;
    // cat also fails if only one of several tables is missing, for example if IPv6 is disabled.
    if (!unusable && !isUnparsable && (code === 0 || store.length > 0)) {
      if (selection.ipv4 && !selection.ipv6 && hasUnknownFamily(store))
        note({ kind: 'incomplete', text: UNKNOWN_FAMILY });
      return { store, unreadable };
    }
    if (isUnparsable)
      note({
        kind: 'program-unusable',
        text: `note: no line of the output of ${command[0]} could be parsed`,
      });
    errors.push(
      errorText ||
        `${command[0]} ended with exit code ${code}, and no line of its output could be parsed`,
    );
  }
  throw new Problem(`the sockets of the pod cannot be read: ${errors.join('; ')}`, {
    kind: 'command-failed',
    next: ['choose an image that has ss (iproute2) or cat with --image'],
  });
}

/** Whether there is a listener that may or may not accept IPv4. */
function hasUnknownFamily(sockets: Iterable<Socket>): boolean {
  for (const socket of sockets)
    if (socket.dualStack === undefined && isListening(socket) && isOfAnyIpv6(socket)) return true;
  return false;
}

function isOfAnyIpv6({ local }: Socket): boolean {
  return 'address' in local && local.address === '::';
}

const UNKNOWN_FAMILY =
  'note: sockets bound to [::] are listed as dual-stack, because only ss can tell whether they accept IPv4; if the image has ss, ports -4 -l uses it';

interface Reader {
  readonly command: readonly string[];
  readonly parse: SocketLineParser;
}

/**
 * For details, ss looks up the control group of each socket, which takes 0.1 ms in a container: eleven seconds for
 * 100,000 connections. The kernel's tables have the same details except the backlog of listeners. A list of listeners
 * only is never that long.
 */
function isSlowWithSs({ details, unix, states }: Selection): boolean {
  return details && !unix && states === 'all';
}

/** The result of a command. */
interface CommandResult extends PodSockets {
  readonly errorText: string;
  readonly code: number;
  /** Set if the command hung or was otherwise not usable. */
  readonly unusable?: Unusable;
}

async function collect(
  command: ShortCommand,
  [name = '']: readonly string[],
  parse: SocketLineParser,
  selection: Selection,
  label: string | undefined,
): Promise<CommandResult> {
  const store = new SocketStore();
  try {
    const stderrText = readStderr(command);
    const output = boundedOutput(command, name);
    const unreadable = await collectSockets(output, parse, selection, store, label);
    const code = await boundedExit(command, name);
    return { store, unreadable, errorText: await stderrText, code };
  } catch (error) {
    if (!(error instanceof Unusable)) throw error;
    return { store, unreadable: 0, errorText: error.message, code: 1, unusable: error };
  } finally {
    command.close();
  }
}

async function listOwners(
  start: (command: readonly string[]) => Promise<ShortCommand>,
): Promise<SocketOwners> {
  const names = await start(processNamesCommand);
  const descriptors = await start(descriptorsCommand).catch((error: unknown) => {
    names.close();
    throw error;
  });
  try {
    const [owners] = await Promise.all([
      collectOwners(boundedOutput(names, 'cat'), boundedOutput(descriptors, 'ls')),
      readStderr(names),
      readStderr(descriptors),
    ]);
    await Promise.all([boundedExit(names, 'cat'), boundedExit(descriptors, 'ls')]);
    return owners;
  } finally {
    names.close();
    descriptors.close();
  }
}

/** The standard error of a command, truncated to the length of a message. */
async function readStderr({ stderr }: ShortCommand): Promise<string> {
  let errorText = '';
  for await (const chunk of stderr) if (errorText.length < 1000) errorText += String(chunk);
  return errorText.trim().slice(0, 1000);
}
