import { type ContainerRef, LeasedProcess, type Program } from '../../debugger/leasedProcess.ts';
import { runProgram } from '../../debugger/runProgram.ts';
import type { Access } from '../../kube/authentication.ts';
import type { FollowerOptions } from '../follower/follower.ts';
import { type RecordOptions, recordArguments } from './recordArguments.ts';
import spoolScript from './spool.sh';

/**
 * How often a follower checks for data, in seconds, by the number of followers of this client on a node. Each check
 * starts a process there. The sleep of GNU and of busybox accepts fractions.
 */
const POLLS = [
  { followers: 5, seconds: 0.2 },
  { followers: 15, seconds: 0.5 },
  { followers: Number.POSITIVE_INFINITY, seconds: 1 },
] as const;

/** The pod's end of a follower at a position. Also starts the recorder if `start` is given. */
export function followProgram(
  spool: string,
  { seq, offset }: { readonly seq: number; readonly offset: number },
  start: RecordOptions | undefined,
  followersOnNode = 1,
): Program {
  const poll = POLLS.find(({ followers }) => followersOnNode <= followers)?.seconds ?? 1;
  const words = ['follow', `spool=${spool}`, `seq=${seq}`, `offset=${offset}`, `poll=${poll}`];
  return {
    script: spoolScript,
    command: start ? [...words, 'start', ...recordArguments(spool, start)] : words,
  };
}

/**
 * The function with which a follower connects. It also starts the recorder from `record` until the recorder is known to
 * be running. `followersOnNode`: how many followers of this client run on the node.
 */
export function makeAttach(
  access: Access,
  ref: ContainerRef,
  spool: string,
  record: RecordOptions | undefined,
  followersOnNode = 1,
): FollowerOptions['attach'] {
  return (position, start, signal) =>
    LeasedProcess.start(
      access,
      ref,
      followProgram(spool, position, start ? record : undefined, followersOnNode),
      signal,
    );
}

/**
 * Ends a recording and removes its spool, if the pod can be reached. Gives up after the given milliseconds, because a
 * spool that is left removes itself.
 */
export async function removeSpool(
  access: Access,
  ref: ContainerRef,
  spool: string,
  milliseconds: number,
): Promise<void> {
  const signal = AbortSignal.timeout(milliseconds);
  const program = { script: spoolScript, command: ['remove', `spool=${spool}`] };
  try {
    await runProgram(access, ref, program, { signal });
  } catch {
    // If the pod cannot be reached, the recorder ends and removes the spool when its lease expires.
  }
}
