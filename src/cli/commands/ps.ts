import { findOwned } from '../../inventory/findOwned.ts';
import { renderOwned } from '../../inventory/renderOwned.ts';
import { usageOf } from '../../inventory/usage.ts';
import { print } from '../../output/standardOutput.ts';
import { command, type Invocation } from '../command.ts';
import { connect } from '../connect.ts';
import { notify, statusLine } from '../console.ts';
import type { FlagTable, FlagValues } from '../flags/flag.ts';
import { LIST_OUTPUT } from '../flags/output.ts';
import { onInterruption } from '../interruption.ts';
import { noteUnanswered } from '../noteUnanswered.ts';

const FLAGS = {
  'all-namespaces': { alias: 'A', help: 'List in all namespaces' },
  output: LIST_OUTPUT,
} as const satisfies FlagTable;

export const psCommand = command({
  description:
    'List debuggers, detached captures and pods on nodes that netdebug created, what runs in them, and whether cleanup can remove them.',
  examples: [
    ['ps', 'List everything in the current namespace'],
    ['ps -A -o wide', 'List everything in all namespaces, with nodes and images'],
  ],
  flags: [{ title: 'Options', flags: FLAGS }],
  run,
});

async function run({ flags }: Invocation<FlagValues<typeof FLAGS>>): Promise<number> {
  const format = flags.output ?? 'table';
  const { api, namespace } = await connect(flags);
  const all = flags['all-namespaces'];
  const interruption = onInterruption();
  try {
    const { signal } = interruption;
    const owned = await findOwned(api, all ? 'all' : namespace, signal);
    if (owned.length === 0 && (format === 'table' || format === 'wide')) {
      notify({
        kind: 'nothing-found',
        text: all ? 'No resources found' : `No resources found in ${namespace} namespace.`,
      });
      return 0;
    }
    const usages = await usageOf(api, owned, signal, (text) => statusLine().wait(text));
    statusLine().clear();
    await print(renderOwned(usages, format, all, api.serverTime()));
    noteUnanswered(usages);
    return 0;
  } finally {
    statusLine().clear();
    interruption.release();
    api.close();
  }
}
