import { join } from 'node:path';
import { reportCaptures } from '../../capture/detached/captureReport.ts';
import {
  type DetachedCapture,
  findCaptures,
  listCaptures,
} from '../../capture/detached/captures.ts';
import { fetchCapture } from '../../capture/detached/fetchCapture.ts';
import { captureFacts, renderCaptures } from '../../capture/detached/renderCaptures.ts';
import { removeCapture, stopCapture } from '../../capture/detached/spoolOf.ts';
import { refuseWithoutSpool, whereSpoolIs } from '../../capture/detached/whereSpoolIs.ts';
import { explainRefusal } from '../../debugger/refusals.ts';
import type { KubeApi } from '../../kube/api.ts';
import { print } from '../../output/standardOutput.ts';
import { toYaml } from '../../output/yaml.ts';
import { Problem, wrongUsage } from '../../problem.ts';
import { command, type Invocation } from '../command.ts';
import { connect } from '../connect.ts';
import { note } from '../console.ts';
import { fetchProgress } from '../fetchProgress.ts';
import type { FlagTable, FlagValues } from '../flags/flag.ts';
import { LIST_OUTPUT } from '../flags/output.ts';
import { FILE } from '../flags/valueTypes.ts';
import { followDetached } from '../followDetached.ts';
import { type Interruption, onInterruption } from '../interruption.ts';
import { report } from '../report.ts';
import { noteUnanswered } from '../unanswered.ts';

const ACTIONS = ['list', 'status', 'follow', 'fetch', 'stop', 'rm'] as const;
type Action = (typeof ACTIONS)[number];

const FLAGS = {
  'all-namespaces': { alias: 'A', help: 'With list: in all namespaces' },
  all: { help: 'With list: also removed captures' },
  output: LIST_OUTPUT,
  write: {
    alias: 'w',
    value: FILE,
    help: 'With fetch: write to this folder (default the name of the capture), with a folder for each of several pods. With follow: write to this file, or to standard output (-)',
  },
  flush: { help: 'With fetch: also copy the file that is being recorded, up to now' },
  force: { help: 'Overwrite files that do not belong to this capture' },
} as const satisfies FlagTable;

type Flags = FlagValues<typeof FLAGS>;

export const capturesCommand = command({
  description:
    'List, follow, fetch, stop and remove detached captures (capture --detach).\n\n' +
    'CAPTURE is a name, which stands for the captures of that name of all targets, or POD/NAME or node/NODE/NAME.',
  examples: [
    ['captures', 'List the captures in the current namespace'],
    ['captures -A -o json', 'Pass the captures in all namespaces to a program'],
    ['captures fetch tuesday', 'Copy its files to ./tuesday; again: copy what is new'],
    ['captures follow tuesday -w - | tshark -r -', 'Read packets while they are recorded'],
    ['captures stop tuesday', 'Stop recording, and keep the files'],
    ['captures rm tuesday', 'Stop recording, and delete the files in the pod'],
  ],
  arguments: [
    { name: 'ACTION', choices: ACTIONS },
    { name: 'CAPTURE', variadic: true, complete: 'captures' },
  ],
  flags: [{ title: 'Options', flags: FLAGS }],
  run,
});

async function run({ flags, args: [word, ...names] }: Invocation<Flags>): Promise<number> {
  const action = ACTIONS.find((one) => one === word) ?? 'list';
  checkFormat(action, flags.output);
  if (action === 'list' && names.length > 0)
    throw wrongUsage('captures list takes no name', `show one with: captures status ${names[0]}`);
  if (action !== 'list' && names.length === 0)
    throw wrongUsage(`captures ${action}: CAPTURE is required`, 'list them with: captures list');
  const api = await connect(flags);
  const interruption = onInterruption({ abandons: action === 'follow' });
  const { signal } = interruption;
  try {
    if (action === 'list') {
      await list(api, flags, signal);
      return 0;
    }
    let code = 0;
    for (const name of names) code ||= await actOn(api, action, name, flags, interruption);
    return code;
  } finally {
    interruption.release();
    api.close();
  }
}

/** The facts of one capture are a document, which has no columns. */
function checkFormat(action: Action, format: Flags['output']): void {
  if (action === 'status' && (format === 'wide' || format === 'name'))
    throw wrongUsage(
      `captures status: -o ${format} is for captures list`,
      'use -o json or -o yaml',
    );
}

/** Acts on every capture of a name. If there are several, a failure does not stop the others. */
async function actOn(
  api: KubeApi,
  action: Exclude<Action, 'list'>,
  name: string,
  flags: Flags,
  interruption: Interruption,
): Promise<number> {
  const { signal } = interruption;
  const { captures, lost } = await findCaptures(api, api.access.namespace, name, signal);
  const several = captures.length > 1;
  if (several && action === 'follow')
    throw wrongUsage(
      `capture "${name}" is in several pods, and only one can be followed`,
      ...captures.map((capture) => `name one: ${capture.target}/${capture.name}`),
    );
  let code = 0;
  for (const capture of captures) {
    try {
      code ||= (await ACT[action](api, capture, flags, interruption, several)) ?? 0;
    } catch (error) {
      if (!several || signal.aborted) throw error;
      code = report(explainRefusal(error), `${subject(capture.target)}: `);
    }
  }
  if (action === 'fetch')
    for (const capture of lost) note(`note: the recording of ${subject(capture.target)} is lost`);
  return code;
}

type Act = (
  api: KubeApi,
  capture: DetachedCapture,
  flags: Flags,
  interruption: Interruption,
  /** Whether captures in other pods have the same name. */
  several: boolean,
) => Promise<number | undefined>;

const ACT: Record<Exclude<Action, 'list'>, Act> = {
  status,
  follow,
  fetch,
  stop,
  rm: remove,
};

async function list(api: KubeApi, flags: Flags, signal: AbortSignal): Promise<void> {
  const format = flags.output ?? 'table';
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
): Promise<undefined> {
  const [report] = await reportCaptures(api, [capture], signal);
  if (!report) return;
  const facts = { ...captureFacts(report), list: report.listing?.files };
  await print([
    flags.output === 'json'
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
): Promise<number> {
  const whole = flags.write ?? capture.name;
  const folder = several ? join(whole, folderName(capture.target)) : whole;
  const progress = fetchProgress();
  try {
    const manifest = await fetchCapture(api, capture, {
      folder,
      signal,
      flush: flags.flush,
      force: flags.force,
      ...progress.callbacks,
    });
    progress.finish(manifest, folder);
    // Not what was asked for, though all that there is has come.
    return manifest.endedEarly ? 1 : 0;
  } finally {
    progress.clear();
  }
}

/** A target's name as that of a folder. Throws a Problem for what no API server accepts as a name. */
function folderName(target: string): string {
  const name = target.replaceAll('/', '_');
  if (/^[a-z0-9][-a-z0-9._]*$/.test(name)) return name;
  throw new Problem(`"${target}" cannot be the name of a folder`);
}

async function follow(
  api: KubeApi,
  capture: DetachedCapture,
  flags: Flags,
  interruption: Interruption,
): Promise<number> {
  refuseWithoutSpool(capture);
  return followDetached(api, capture, flags, interruption);
}

async function stop(
  api: KubeApi,
  capture: DetachedCapture,
  _flags: Flags,
  { signal }: Interruption,
): Promise<undefined> {
  refuseWithoutSpool(capture);
  await stopCapture(api, capture, signal);
  note(
    `capture "${capture.name}" of ${subject(capture.target)} stopped; copy it with: captures fetch ${capture.name}`,
  );
}

async function remove(
  api: KubeApi,
  capture: DetachedCapture,
  _flags: Flags,
  { signal }: Interruption,
): Promise<undefined> {
  const { name, state, volume, target, onNode } = capture;
  if (state.kind === 'starting' && !onNode) refuseWithoutSpool(capture);
  if (onNode) await removeCapture(api, capture, signal);
  else if (state.kind === 'running' || (state.kind === 'lost' && volume !== undefined)) {
    const place = await whereSpoolIs(api, capture, { signal, onProgress: note });
    await removeCapture(api, capture, signal, place);
  }
  note(
    state.kind === 'lost' && volume === undefined && !onNode
      ? `capture "${name}" is lost already: there is nothing to remove`
      : `capture "${name}" of ${subject(target)} removed`,
  );
}

/** A target in a sentence. */
function subject(target: string): string {
  return target.startsWith('node/') ? target : `pod ${target}`;
}
