import type { LocalFilter } from '../capture/fetch/fetchFiltered.ts';
import type { PacketFilter } from '../capture/fetch/podFilter.ts';
import { findInstalled } from '../output/wiresharkOutput.ts';
import { Problem } from '../problem.ts';
import { filterPcap } from '../reading/select/filterPcap.ts';
import { versionOf } from '../reading/select/tsharkProcess.ts';
import { notify } from './console.ts';

/**
 * The local tshark, for a filter that cannot be evaluated in the pod. `program` is undefined if there is none. Prints
 * why all packets are copied. Throws a Problem for an expression, which only tcpdump in the pod can evaluate.
 */
export async function findLocalTshark(
  filter: PacketFilter,
  reason: string,
): Promise<{ readonly program: string | undefined; readonly by: string }> {
  if (filter.language === 'capture')
    throw new Problem(`the expression cannot be evaluated in the pod: ${reason}`, {
      kind: 'image',
      next: ['use a display filter, which can also be evaluated locally: -Y FILTER'],
    });
  // tshark reads packets through a pipe, which requires a POSIX shell.
  const program = process.platform === 'win32' ? undefined : findInstalled('tshark');
  const version = program === undefined ? undefined : await versionOf(program);
  const by = version === undefined ? 'netdebug' : `tshark ${version}`;
  notify({
    kind: 'filtered-here',
    text: `note: ${reason}: all packets are copied, and filtered locally by ${by}`,
  });
  return { program, by };
}

/** The local filter for `fetchFiltered`. */
export async function filterLocally(
  filter: PacketFilter,
  reason: string,
): Promise<{ by: string; filter: LocalFilter }> {
  const { program, by } = await findLocalTshark(filter, reason);
  return { by, filter: (file, { text }) => filterPcap(file, text, program) };
}
