import { type ContainerRef, LeasedProcess, type Program } from '../../debugger/leasedProcess.ts';
import { runProgram } from '../../debugger/runProgram.ts';
import type { Access } from '../../kube/authentication.ts';
import type { FollowerOptions } from '../follower/follower.ts';
import { type RecordOptions, recordArguments } from './recordArguments.ts';
import spoolScript from './spool.sh';

/** How often an idle follower looks for more; sleep takes fractions in GNU's and busybox's. */
const POLL_S = 0.2;

/** The pod's end of a follower at a position, which starts the recorder if it is given one. */
export function followProgram(
  spool: string,
  { seq, offset }: { readonly seq: number; readonly offset: number },
  start: RecordOptions | undefined,
): Program {
  const words = ['follow', `spool=${spool}`, `seq=${seq}`, `offset=${offset}`, `poll=${POLL_S}`];
  return {
    script: spoolScript,
    command: start ? [...words, 'start', ...recordArguments(spool, start)] : words,
  };
}

/** What a follower attaches with: `record` starts the recorder too, as long as it is not known to run. */
export function attachTo(
  access: Access,
  place: ContainerRef,
  spool: string,
  record: RecordOptions | undefined,
): FollowerOptions['attach'] {
  return (position, start, signal) =>
    LeasedProcess.start(
      access,
      place,
      followProgram(spool, position, start ? record : undefined),
      signal,
    );
}

/**
 * Ends a recording and removes all it holds, where the pod can be reached; gives up after some
 * milliseconds, since what is left removes itself.
 */
export async function removeSpool(
  access: Access,
  place: ContainerRef,
  spool: string,
  milliseconds: number,
): Promise<void> {
  const signal = AbortSignal.timeout(milliseconds);
  const program = { script: spoolScript, command: ['remove', `spool=${spool}`] };
  try {
    await runProgram(access, place, program, { signal });
  } catch {
    // Out of reach: the recorder ends and removes it when its lease expires.
  }
}
