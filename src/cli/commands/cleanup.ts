import { StartSlots } from '../../debugger/startSlots.ts';
import { findOwned } from '../../inventory/findOwned.ts';
import { nodeOfOwned } from '../../inventory/owned.ts';
import { decideRemoval, remove } from '../../inventory/remove.ts';
import { nameOf } from '../../inventory/renderOwned.ts';
import { type Used, usageOf } from '../../inventory/usage.ts';
import type { KubeApi } from '../../kube/api.ts';
import { countText } from '../../output/quantities.ts';
import { terminalSafe } from '../../output/terminalSafe.ts';
import { messageOf, Problem } from '../../problem.ts';
import { problemMoment } from '../../timing.ts';
import { command, type Invocation } from '../command.ts';
import { connect } from '../connect.ts';
import { confirm, note, notify, statusLine } from '../console.ts';
import type { FlagTable, FlagValues } from '../flags/flag.ts';
import { onInterruption } from '../interruption.ts';

const FLAGS = {
  'all-namespaces': { alias: 'A', help: 'Remove from all namespaces' },
  captures: {
    help: 'Also remove detached captures with all their files, and debuggers in use',
  },
  'dry-run': { help: 'Print what would be removed, without removing it' },
  yes: { alias: 'y', help: 'Do not ask for confirmation' },
} as const satisfies FlagTable;

type Flags = FlagValues<typeof FLAGS>;

export const cleanupCommand = command({
  description:
    'End idle debuggers and delete pods on nodes that netdebug created.\n\n' +
    'Detached captures, whose files would be lost, and debuggers in use are kept unless --captures is given. Without a terminal to ask for confirmation, --yes is required.',
  examples: [
    ['cleanup --dry-run', 'Print what would be removed in the current namespace'],
    ['cleanup -A --captures --yes', 'Remove everything in all namespaces, without confirmation'],
  ],
  flags: [{ title: 'Options', flags: FLAGS }],
  run,
});

async function run({ flags }: Invocation<Flags>): Promise<number> {
  const { api, namespace } = await connect(flags);
  const interruption = onInterruption();
  try {
    return await cleanUp(
      api,
      flags['all-namespaces'] ? 'all' : namespace,
      flags,
      interruption.signal,
    );
  } finally {
    statusLine().clear();
    interruption.release();
    api.close();
  }
}

async function cleanUp(
  api: KubeApi,
  namespace: string,
  flags: Flags,
  signal: AbortSignal,
): Promise<number> {
  const owned = await findOwned(api, namespace, signal);
  // If everything is removed, it does not matter what is running.
  const used: Used[] = flags.captures
    ? owned.map((object) => ({ owned: object }))
    : await usageOf(api, owned, signal, (text) => statusLine().wait(text));
  statusLine().clear();
  const toRemove: Used[] = [];
  let endedCount = 0;
  for (const entry of used) {
    const fate = decideRemoval(entry, flags.captures);
    if (fate.kind === 'remove') toRemove.push(entry);
    else if (fate.kind === 'rest') endedCount += 1;
    else notify({ kind: 'kept', text: `${nameOf(entry)} is kept: ${fate.why}` });
  }
  if (endedCount > 0)
    note(
      `${countText(endedCount, 'ended container')} of netdebug ${endedCount === 1 ? 'remains' : 'remain'} in pod specs and ${endedCount === 1 ? 'uses' : 'use'} no resources; Kubernetes removes ${endedCount === 1 ? 'it' : 'them'} with the pod`,
    );
  if (toRemove.length === 0) {
    notify({ kind: 'nothing-found', text: 'nothing to remove' });
    return 0;
  }
  if (flags['dry-run']) {
    for (const entry of toRemove) printOutcome(entry, 'would be removed');
    return 0;
  }
  if (!flags.yes) {
    for (const entry of toRemove) note(`${describe(entry)} will be removed`);
    if (!(await confirm(`Remove ${toRemove.length}?`, signal))) return 1;
  }
  let removedCount = 0;
  const showProgress = () =>
    statusLine().wait(
      `removing ${countText(toRemove.length, 'container')}: ${removedCount} removed`,
    );
  showProgress();
  // Each removal takes an exec.
  const outcomes = await StartSlots.forQueries().map(
    toRemove,
    ({ owned }) => nodeOfOwned(owned),
    async (entry, onRequested) => {
      const isRemoved = await removeAndReport(api, entry, signal, onRequested);
      removedCount += 1;
      showProgress();
      return isRemoved;
    },
    signal,
  );
  return outcomes.every(Boolean) ? 0 : 1;
}

async function removeAndReport(
  api: KubeApi,
  entry: Used,
  signal: AbortSignal,
  onRequested: () => void,
): Promise<boolean> {
  try {
    await remove(api, entry.owned, signal, onRequested);
    printOutcome(entry, 'removed');
    return true;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Problem) problemMoment(error, describe(entry));
    note(`${describe(entry)} cannot be removed: ${messageOf(error)}`);
    return false;
  }
}

function describe(entry: Used): string {
  return `${entry.owned.kind} ${nameOf(entry)}`;
}

function printOutcome(entry: Used, outcome: string): void {
  const line = statusLine();
  line.hide();
  process.stdout.write(`${terminalSafe(`${describe(entry)} ${outcome}`)}\n`);
  line.redraw();
}
