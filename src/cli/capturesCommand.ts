import { join } from 'node:path';
import type { Argv, InferredOptionTypes } from 'yargs';
import { reportCaptures } from '../capture/detached/captureReport.ts';
import { type DetachedCapture, findCaptures, listCaptures } from '../capture/detached/captures.ts';
import { fetchCapture } from '../capture/detached/fetchCapture.ts';
import { captureFacts, renderCaptures } from '../capture/detached/renderCaptures.ts';
import { removeCapture, stopCapture } from '../capture/detached/spoolOf.ts';
import { refuseWithoutSpool, whereSpoolIs } from '../capture/detached/whereSpoolIs.ts';
import { explainRefusal } from '../debugger/refusals.ts';
import type { KubeApi } from '../kube/api.ts';
import { print } from '../output/standardOutput.ts';
import { terminalSafe } from '../output/terminalSafe.ts';
import { toYaml } from '../output/yaml.ts';
import { Problem, wrongUsage } from '../problem.ts';
import type { Command } from './commandLine.ts';
import { type ConnectionArguments, connect, connectionOptions } from './connectionFlags.ts';
import { examples } from './examples.ts';
import { fetchProgress } from './fetchProgress.ts';
import { followDetached } from './followDetached.ts';
import { type Interruption, onInterruption } from './interruption.ts';
import { report } from './report.ts';
import { noteUnanswered } from './unanswered.ts';
import { parseChoice } from './values.ts';

const ACTIONS = ['list', 'status', 'follow', 'fetch', 'stop', 'rm'] as const;
const FORMATS = ['table', 'wide', 'json', 'yaml', 'name'] as const;

const OPTIONS = {
  'all-namespaces': { alias: 'A', type: 'boolean', describe: 'list: those of all namespaces' },
  all: { type: 'boolean', describe: 'list: removed ones too' },
  output: { alias: 'o', type: 'string', requiresArg: true, describe: 'wide, json, yaml or name' },
  write: {
    alias: 'w',
    type: 'string',
    requiresArg: true,
    describe:
      'fetch: the folder  [the name of the capture], with one a pod where these are several; follow: the file, or -',
  },
  flush: { type: 'boolean', describe: 'fetch: also what there is of the file being recorded' },
  force: { type: 'boolean', describe: 'Overwrite files that are not of this capture' },
} as const;

type Flags = InferredOptionTypes<typeof OPTIONS> &
  ConnectionArguments & { action?: string; names?: string[] };

function options(parser: Argv): Argv<Flags> {
  const base = parser
    .usage('Usage: $0 captures [list | status | follow | fetch | stop | rm] [[POD/]NAME…] [flags]')
    .positional('action', { type: 'string', describe: 'What to do  [list]' })
    .positional('names', {
      type: 'string',
      array: true,
      describe: 'Captures: NAME, of each target that has one of it, POD/NAME or node/NODE/NAME',
    })
    .options(OPTIONS)
    .group(Object.keys(OPTIONS), 'Flags:')
    .epilogue(
      examples([
        ['captures', 'what is being recorded in this namespace'],
        ['captures -A -o json', 'in all, for a program'],
        ['captures fetch tuesday', 'copy its files to ./tuesday; again: what is new'],
        ['captures follow tuesday -w - | tshark -r -', 'read along'],
        ['captures stop tuesday', 'end the recording, keep what it recorded'],
        ['captures rm tuesday', 'end it and delete everything in the pod'],
      ]),
    );
  return connectionOptions(base) as unknown as Argv<Flags>;
}

async function run(flags: Flags): Promise<number> {
  const action = parseChoice('captures', flags.action ?? 'list', ACTIONS);
  const names = flags.names ?? [];
  if (action === 'list' && names.length > 0)
    throw wrongUsage(`captures list takes no name`, `see one with: captures status ${names[0]}`);
  if (action !== 'list' && names.length === 0)
    throw wrongUsage(`captures ${action}: name a capture`, 'captures list   shows their names');
  const api = await connect(flags);
  const interruption = onInterruption();
  const { signal } = interruption;
  try {
    if (action === 'list') {
      await list(api, flags, signal);
      return 0;
    }
    let code = 0;
    for (const name of names) code ||= await actOn(api, action, name, flags, interruption);
    return code;
  } catch (error) {
    throw explainRefusal(error, api.access.namespace);
  } finally {
    interruption.release();
    api.close();
  }
}

/** Does it to each capture of a name. Where there are several, one that fails leaves the others be. */
async function actOn(
  api: KubeApi,
  action: Exclude<(typeof ACTIONS)[number], 'list'>,
  name: string,
  flags: Flags,
  interruption: Interruption,
): Promise<number> {
  const { signal } = interruption;
  const { captures, lost } = await findCaptures(api, api.access.namespace, name, signal);
  const several = captures.length > 1;
  if (several && action === 'follow')
    throw wrongUsage(
      `capture "${name}" is in more than one pod, and is followed in one at a time`,
      ...captures.map((capture) => `say which: ${capture.target}/${capture.name}`),
    );
  let code = 0;
  for (const capture of captures) {
    try {
      await ACT[action](api, capture, flags, interruption, several);
    } catch (error) {
      if (!several || signal.aborted) throw error;
      const { namespace } = capture.pod.metadata;
      process.stderr.write(`${subject(capture.target)}: `);
      code = report(explainRefusal(error, namespace));
    }
  }
  if (action === 'fetch')
    for (const capture of lost)
      note(`note: what was recorded of ${subject(capture.target)} is lost`);
  return code;
}

type Act = (
  api: KubeApi,
  capture: DetachedCapture,
  flags: Flags,
  interruption: Interruption,
  /** It is one of several of the same name, in as many pods. */
  several: boolean,
) => Promise<void>;

const ACT: Record<Exclude<(typeof ACTIONS)[number], 'list'>, Act> = {
  status,
  follow,
  fetch,
  stop,
  rm: remove,
};

async function list(api: KubeApi, flags: Flags, signal: AbortSignal): Promise<void> {
  const format = parseChoice('-o', flags.output ?? 'table', FORMATS);
  const namespace = flags['all-namespaces'] ? 'all' : api.access.namespace;
  const found = await listCaptures(api, namespace, signal);
  const shown = flags.all ? found : found.filter(({ state }) => state.kind !== 'removed');
  if (shown.length === 0 && (format === 'table' || format === 'wide')) {
    note(
      namespace === 'all' ? 'No captures found' : `No captures found in ${namespace} namespace.`,
    );
    return;
  }
  const reports = await reportCaptures(api, shown, signal);
  await print(renderCaptures(reports, format, namespace === 'all', api.serverTime()));
  noteUnanswered(reports);
}

async function status(
  api: KubeApi,
  capture: DetachedCapture,
  flags: Flags,
  { signal }: Interruption,
  several: boolean,
): Promise<void> {
  const format = parseChoice('-o', flags.output ?? 'yaml', ['json', 'yaml'] as const);
  const [report] = await reportCaptures(api, [capture], signal);
  if (!report) return;
  const facts = { ...captureFacts(report), list: report.listing?.files };
  await print([
    format === 'json'
      ? `${JSON.stringify(facts, undefined, 2)}\n`
      : (several ? '---\n' : '') + toYaml(facts),
  ]);
}

async function fetch(
  api: KubeApi,
  capture: DetachedCapture,
  flags: Flags,
  { signal }: Interruption,
  several: boolean,
): Promise<void> {
  const whole = flags.write ?? capture.name;
  const folder = several ? join(whole, folderName(capture.target)) : whole;
  const progress = fetchProgress();
  try {
    const manifest = await fetchCapture(api, capture, {
      folder,
      signal,
      flush: flags.flush === true,
      force: flags.force === true,
      ...progress.callbacks,
    });
    progress.finish(manifest, folder);
  } finally {
    progress.clear();
  }
}

/** A target's name as a folder's: what no API server would give is not believed. */
function folderName(target: string): string {
  const name = target.replaceAll('/', '_');
  if (/^[a-z0-9][-a-z0-9._]*$/.test(name)) return name;
  throw new Problem(`"${target}" is no name that could be a folder's`);
}

async function follow(
  api: KubeApi,
  capture: DetachedCapture,
  flags: Flags,
  interruption: Interruption,
): Promise<void> {
  refuseWithoutSpool(capture);
  await followDetached(api, capture, flags, interruption);
}

async function stop(
  api: KubeApi,
  capture: DetachedCapture,
  _flags: Flags,
  { signal }: Interruption,
): Promise<void> {
  refuseWithoutSpool(capture);
  await stopCapture(api, capture, signal);
  note(
    `capture "${capture.name}" of ${subject(capture.target)} stopped; get it with: captures fetch ${capture.name}`,
  );
}

async function remove(
  api: KubeApi,
  capture: DetachedCapture,
  _flags: Flags,
  { signal }: Interruption,
): Promise<void> {
  const { name, state, volume, target, onNode } = capture;
  if (state.kind === 'starting' && !onNode) refuseWithoutSpool(capture);
  if (onNode) await removeCapture(api, capture, signal);
  else if (state.kind === 'running' || (state.kind === 'lost' && volume !== undefined)) {
    const place = await whereSpoolIs(api, capture, { signal, onProgress: note });
    await removeCapture(api, capture, signal, place);
  }
  note(
    state.kind === 'lost' && volume === undefined && !onNode
      ? `capture "${name}" was lost before: there is nothing to remove`
      : `capture "${name}" of ${subject(target)} removed`,
  );
}

/** A target in a sentence. */
function subject(target: string): string {
  return target.startsWith('node/') ? target : `pod ${target}`;
}

function note(text: string): void {
  process.stderr.write(`${terminalSafe(text)}\n`);
}

export const capturesCommand: Command<Flags> = { options, run };
