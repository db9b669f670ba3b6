import { type CaptureReport, reportCaptures } from '../../capture/detached/captureReport.ts';
import {
  type DetachedCapture,
  findCaptures,
  listCaptures,
} from '../../capture/detached/captures.ts';
import { nodeOfCapture, stopCapture } from '../../capture/detached/detachedSpool.ts';
import { checkHasSpool } from '../../capture/detached/ensureSpoolContainer.ts';
import { fetchCapture, fetchMatchingPackets } from '../../capture/detached/fetchCapture.ts';
import { fetchFolders } from '../../capture/detached/fetchFolders.ts';
import { removeDetached } from '../../capture/detached/removeDetached.ts';
import { captureFacts, renderCaptures } from '../../capture/detached/renderCaptures.ts';
import type { PacketFilter } from '../../capture/fetch/podFilter.ts';
import { explainRefusal } from '../../debugger/refusals.ts';
import { StartSlots } from '../../debugger/startSlots.ts';
import type { KubeApi } from '../../kube/api.ts';
import type { Notice } from '../../notice.ts';
import { renderDocument } from '../../output/renderDocument.ts';
import { print } from '../../output/standardOutput.ts';
import { type Problem, wrongUsage } from '../../problem.ts';
import { command, type Invocation } from '../command.ts';
import { connect } from '../connect.ts';
import { note, notify, statusLine } from '../console.ts';
import { fetchProgress } from '../fetchProgress.ts';
import {
  CAPTURES_ACTIONS,
  CAPTURES_FLAGS,
  type CapturesAction,
  type CapturesFlags,
  checkCapturesFlags,
} from '../flags/captures.ts';
import { followDetached } from '../followDetached.ts';
import { type Interruption, onInterruption } from '../interruption.ts';
import { noteUnanswered } from '../noteUnanswered.ts';
import { parsePacketFilter } from '../packetFilter.ts';
import { reportError } from '../reportError.ts';

/** Includes the filter of -Y or of the words after --. */
type ActionFlags = CapturesFlags & { readonly filter: PacketFilter | undefined };

export const capturesCommand = command({
  description:
    'List, follow, read, summarize, fetch, stop and remove detached captures (capture --detach).\n\n' +
    'CAPTURE is NAME (the captures of this name on all targets), POD/NAME or node/NODE/NAME.\n\n' +
    'read and summary do the same as "kubectl netdebug read" and "kubectl netdebug summary", without copying the files to this computer. A filter (-Y FILTER or -- EXPRESSION) is evaluated in the pod by tshark or tcpdump, so only matching packets are transferred. If the image has no tshark, all packets are transferred and -Y is evaluated locally.',
  examples: [
    ['captures', 'List the captures in the current namespace'],
    ['captures -A -o json', 'List the captures in all namespaces as JSON'],
    ['captures fetch tuesday', 'Copy its files to ./tuesday; run again to copy new files'],
    ['captures follow tuesday -w - | tshark -r -', 'Read packets while they are recorded'],
    ["captures fetch tuesday -Y 'dns' -w dns", 'Copy only DNS packets, to ./dns'],
    ["captures read tuesday -Y 'tcp.flags.reset == 1'", 'Print TCP resets recorded so far'],
    ['captures read tuesday -- port 53', 'Print DNS packets; the filter runs in the pod'],
    ['captures summary tuesday', 'Show what went wrong, without copying the files'],
    ['captures stop tuesday', 'Stop recording, and keep the files'],
    ['captures rm tuesday', 'Stop recording, and delete the files in the pod'],
  ],
  arguments: [
    { name: 'ACTION', choices: CAPTURES_ACTIONS },
    { name: 'CAPTURE', variadic: true, complete: 'captures' },
  ],
  rest: 'EXPRESSION',
  flags: [{ title: 'Options', flags: CAPTURES_FLAGS }],
  run,
});

async function run({
  flags,
  args: [actionName, ...names],
  rest,
}: Invocation<CapturesFlags>): Promise<number> {
  const action = CAPTURES_ACTIONS.find((candidate) => candidate === actionName) ?? 'list';
  const filter = parsePacketFilter(flags['display-filter'], rest);
  checkCapturesFlags(action, flags, filter);
  if (action === 'list' && names.length > 0)
    throw wrongUsage(
      'captures list does not take a name',
      `show a single capture with: captures status ${names[0]}`,
    );
  if (action !== 'list' && names.length === 0)
    throw wrongUsage(`captures ${action}: CAPTURE is required`, 'list them with: captures list');
  const { api, namespace } = await connect(flags);
  const interruption = onInterruption({ handlesAbandon: action === 'follow' });
  const { signal } = interruption;
  try {
    if (action === 'list') {
      await list(api, flags['all-namespaces'] ? 'all' : namespace, flags, signal);
      return 0;
    }
    let exitCode = 0;
    for (const name of names)
      exitCode = Math.max(
        exitCode,
        await runAction(api, action, namespace, name, { ...flags, filter }, interruption),
      );
    return exitCode;
  } finally {
    interruption.release();
    api.close();
  }
}

/** How many choices to show of a long list. */
const MAX_CHOICES_SHOWN = 3;

/** Acts on every capture with this name, several at a time. A failure of one does not stop the others. */
async function runAction(
  api: KubeApi,
  action: Exclude<CapturesAction, 'list'>,
  namespace: string,
  name: string,
  flags: ActionFlags,
  interruption: Interruption,
): Promise<number> {
  const { signal } = interruption;
  const { captures, lost } = await findCaptures(api, namespace, name, signal);
  const hasSeveral = captures.length > 1;
  if (action === 'status') return status(api, captures, flags, signal);
  if (action === 'read' || action === 'summary') {
    for (const capture of lost) notify(lostNotice(capture));
    const { readCaptures, summarizeCaptures } = await import('../readCaptures.ts');
    const { filter, count: packets, output } = flags;
    if (action === 'read')
      await readCaptures(api, captures, {
        signal,
        ...(filter && { filter }),
        ...(packets !== undefined && { count: packets }),
      });
    else {
      const format = output === 'json' || output === 'yaml' ? output : undefined;
      await summarizeCaptures(api, captures, { signal, format });
    }
    return 0;
  }
  if (hasSeveral && action === 'follow') throw ambiguous(name, captures);
  const captureAction = ACTION_FACTORIES[action](api, captures, flags, interruption);
  try {
    const runForCapture = async (capture: DetachedCapture, onNodeDone: () => void) => {
      try {
        return await captureAction.run(capture, onNodeDone);
      } catch (error) {
        if (!hasSeveral || signal.aborted) throw error;
        return reportError(explainRefusal(error), targetText(capture.target));
      }
    };
    // Each of them takes one or two execs.
    const slots = StartSlots.forQueries();
    const exitCodes = await slots.map(captures, nodeOfCapture, runForCapture, signal);
    if (action === 'fetch') for (const capture of lost) notify(lostNotice(capture));
    return Math.max(...exitCodes);
  } finally {
    captureAction.close?.();
  }
}

function lostNotice({ target }: DetachedCapture): Notice {
  return { kind: 'recording-lost', text: `note: the recording of ${targetText(target)} is lost` };
}

function ambiguous(name: string, captures: readonly DetachedCapture[]): Problem {
  const choices = captures.map(
    (capture) => `choose one, for example ${capture.target}/${capture.name}`,
  );
  const more = choices.length - MAX_CHOICES_SHOWN;
  return wrongUsage(
    `capture "${name}" is in ${captures.length} pods, and only one can be followed`,
    ...choices.slice(0, MAX_CHOICES_SHOWN),
    ...(more > 0 ? [`and ${more} more; see: captures list`] : []),
  );
}

/** What to do with each capture, and after all of them. Functions return exit codes. */
interface CaptureAction {
  /** Calls `isDone` when the node has done its part. */
  run(capture: DetachedCapture, onNodeDone: () => void): Promise<number>;
  close?(): void;
}

type ActionFactory = (
  api: KubeApi,
  captures: readonly DetachedCapture[],
  flags: ActionFlags,
  interruption: Interruption,
) => CaptureAction;

const ACTION_FACTORIES: Record<'fetch' | 'follow' | 'stop' | 'rm', ActionFactory> = {
  fetch,
  follow,
  stop,
  rm: remove,
};

async function list(
  api: KubeApi,
  namespace: string,
  flags: CapturesFlags,
  signal: AbortSignal,
): Promise<void> {
  const format = flags.output ?? 'table';
  const captures = await listCaptures(api, namespace, signal);
  const shown = flags.all ? captures : captures.filter(({ state }) => state.kind !== 'removed');
  if (shown.length === 0 && (format === 'table' || format === 'wide')) {
    notify({
      kind: 'nothing-found',
      text:
        namespace === 'all' ? 'No captures found' : `No captures found in ${namespace} namespace.`,
    });
    return;
  }
  const reports = await collectReports(api, shown, signal);
  await print(renderCaptures(reports, format, namespace === 'all', api.serverTime()));
  noteUnanswered(reports);
}

async function status(
  api: KubeApi,
  captures: readonly DetachedCapture[],
  flags: CapturesFlags,
  signal: AbortSignal,
): Promise<number> {
  for (const report of await collectReports(api, captures, signal)) {
    const facts = { ...captureFacts(report), list: report.listing?.files };
    const format = flags.output === 'json' ? 'json' : 'yaml';
    const separator = format === 'yaml' && captures.length > 1 ? '---\n' : '';
    await print([separator, renderDocument(facts, format)]);
  }
  return 0;
}

/** Queries the recorders, and shows how many have answered. */
async function collectReports(
  api: KubeApi,
  captures: readonly DetachedCapture[],
  signal: AbortSignal,
): Promise<CaptureReport[]> {
  const line = statusLine();
  try {
    return await reportCaptures(api, captures, signal, (done, total) =>
      line.show(`querying the recorders: ${done} of ${total} done`),
    );
  } finally {
    line.clear();
  }
}

function fetch(
  api: KubeApi,
  captures: readonly DetachedCapture[],
  flags: ActionFlags,
  { signal }: Interruption,
): CaptureAction {
  const progress = fetchProgress();
  const folders = fetchFolders(captures, flags.write ?? captures[0]?.name ?? '');
  const { filter, flush, force, verify } = flags;
  return {
    close: () => progress.clear(),
    run: async (capture) => {
      const folder = folders.get(capture) ?? '';
      const label = captures.length > 1 ? targetText(capture.target) : undefined;
      const options = { folder, signal, flush, force, ...progress.callbacks(folder, label) };
      const manifest = filter
        ? await fetchMatching(api, capture, filter, options)
        : await fetchCapture(api, capture, { ...options, verify });
      progress.finish(manifest, folder, label);
      // The result is incomplete, although everything available was copied.
      return manifest.endedEarly ? 1 : 0;
    },
  };
}

/** Copies only matching packets. The code that evaluates filters locally is loaded here. */
async function fetchMatching(
  api: KubeApi,
  capture: DetachedCapture,
  filter: PacketFilter,
  options: Omit<Parameters<typeof fetchMatchingPackets>[2], 'filter' | 'localFilter'>,
) {
  const { filterLocally } = await import('../filterLocally.ts');
  return fetchMatchingPackets(api, capture, {
    ...options,
    filter,
    localFilter: (reason) => filterLocally(filter, reason),
  });
}

function follow(
  api: KubeApi,
  _captures: readonly DetachedCapture[],
  flags: CapturesFlags,
  interruption: Interruption,
): CaptureAction {
  return {
    run: async (capture) => {
      checkHasSpool(capture);
      return followDetached(api, capture, flags, interruption);
    },
  };
}

function stop(
  api: KubeApi,
  _captures: readonly DetachedCapture[],
  _flags: CapturesFlags,
  { signal }: Interruption,
): CaptureAction {
  return {
    run: async (capture) => {
      checkHasSpool(capture);
      await stopCapture(api, capture, signal);
      const { namespace } = capture.pod.metadata;
      note(
        `capture "${capture.name}" of ${targetText(capture.target)} stopped; copy it with: kubectl netdebug captures fetch ${capture.name} -n ${namespace}`,
      );
      return 0;
    },
  };
}

function remove(
  api: KubeApi,
  _captures: readonly DetachedCapture[],
  _flags: CapturesFlags,
  { signal }: Interruption,
): CaptureAction {
  return {
    run: async (capture, onNodeDone) => {
      note(
        await removeDetached(
          api,
          capture,
          signal,
          (text) => notify({ kind: 'waiting', text }),
          onNodeDone,
        ),
      );
      return 0;
    },
  };
}

/** The name of a target in a sentence. */
function targetText(target: string): string {
  return target.startsWith('node/') ? target : `pod ${target}`;
}
