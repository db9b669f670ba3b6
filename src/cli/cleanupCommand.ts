import type { Argv, InferredOptionTypes } from 'yargs';
import { explainRefusal } from '../debugger/refusals.ts';
import { findOwned } from '../inventory/findOwned.ts';
import { fateOf, remove } from '../inventory/remove.ts';
import { nameOf } from '../inventory/renderOwned.ts';
import { type Used, usageOf } from '../inventory/usage.ts';
import type { KubeApi } from '../kube/api.ts';
import { mapLimited } from '../kube/mapLimited.ts';
import { countText } from '../output/quantities.ts';
import { terminalSafe } from '../output/terminalSafe.ts';
import { messageOf } from '../problem.ts';
import type { Command } from './commandLine.ts';
import { confirm } from './confirm.ts';
import { type ConnectionArguments, connect, connectionOptions } from './connectionFlags.ts';
import { examples } from './examples.ts';
import { onInterruption } from './interruption.ts';

const OPTIONS = {
  'all-namespaces': { alias: 'A', type: 'boolean', describe: 'Those of all namespaces' },
  captures: {
    type: 'boolean',
    describe: 'Captures too, with all their files, and debuggers that are in use',
  },
  'dry-run': { type: 'boolean', describe: 'Say what would be removed, and remove nothing' },
  yes: { alias: 'y', type: 'boolean', describe: 'Do not ask' },
} as const;

type Flags = InferredOptionTypes<typeof OPTIONS> & ConnectionArguments;

/** Each is an exec, and some looks at a pod. */
const AT_ONCE = 8;

function options(parser: Argv): Argv<Flags> {
  const base = parser
    .usage(
      'Usage: $0 cleanup [flags]\n\n' +
        'Ends idle debuggers and deletes our pods on nodes. Captures, whose files would be\n' +
        'lost, and debuggers in which something runs are left alone unless --captures is\n' +
        'given. It asks first; without a terminal it needs --yes.',
    )
    .options(OPTIONS)
    .group(Object.keys(OPTIONS), 'Flags:')
    .epilogue(
      examples([
        ['cleanup --dry-run', 'what would be removed in this namespace'],
        ['cleanup -A --captures --yes', 'all of it, everywhere, without a question'],
      ]),
    );
  return connectionOptions(base) as unknown as Argv<Flags>;
}

async function run(flags: Flags): Promise<number> {
  const api = await connect(flags);
  const { namespace } = api.access;
  const interruption = onInterruption();
  try {
    return await cleanUp(api, flags, interruption.signal);
  } catch (error) {
    throw explainRefusal(error, namespace);
  } finally {
    interruption.release();
    api.close();
  }
}

async function cleanUp(api: KubeApi, flags: Flags, signal: AbortSignal): Promise<number> {
  const all = flags['all-namespaces'] === true;
  const owned = await findOwned(api, all ? 'all' : api.access.namespace, signal);
  const used = await usageOf(api, owned, signal);
  const chosen: Used[] = [];
  let resting = 0;
  for (const one of used) {
    const fate = fateOf(one, flags.captures === true);
    if (fate.kind === 'remove') chosen.push(one);
    else if (fate.kind === 'rest') resting += 1;
    else note(`${nameOf(one)} stays: ${fate.why}`);
  }
  if (resting > 0)
    note(
      `${countText(resting, 'container')} of ours ${resting === 1 ? 'has' : 'have'} ended already and ${resting === 1 ? 'uses' : 'use'} nothing; Kubernetes keeps the entries as long as their pods`,
    );
  if (chosen.length === 0) {
    note('nothing to remove');
    return 0;
  }
  if (flags['dry-run']) {
    for (const one of chosen) say(one, 'would be removed');
    return 0;
  }
  if (!flags.yes) {
    for (const one of chosen) note(`${describe(one)} will be removed`);
    if (!(await confirm(`Remove ${chosen.length}?`, signal))) return 1;
  }
  const outcomes = await mapLimited(chosen, AT_ONCE, (one) => removed(api, one, signal));
  return outcomes.every(Boolean) ? 0 : 1;
}

async function removed(api: KubeApi, one: Used, signal: AbortSignal): Promise<boolean> {
  try {
    await remove(api, one.owned, signal);
    say(one, 'removed');
    return true;
  } catch (error) {
    signal.throwIfAborted();
    note(`${describe(one)} cannot be removed: ${messageOf(error)}`);
    return false;
  }
}

function describe(one: Used): string {
  return `${one.owned.kind} ${nameOf(one)}`;
}

function say(one: Used, what: string): void {
  process.stdout.write(`${terminalSafe(`${describe(one)} ${what}`)}\n`);
}

function note(text: string): void {
  process.stderr.write(`${terminalSafe(text)}\n`);
}

export const cleanupCommand: Command<Flags> = { options, run };
