import type { Readable } from 'node:stream';
import type { Access } from '../kube/authentication.ts';
import { exec } from '../kube/exec.ts';
import type { Debugger } from './debugger.ts';
import { type ContainerRef, LeasedProcess } from './leasedProcess.ts';
import type { Profile } from './profile.ts';
import { withoutStartSign } from './startSign.ts';
import tetherScript from './tether.sh';

/** A command in a debugger that does not outlive this process. */
export interface ShortCommand {
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves when it runs in the pod, which may be long after the connection is established. */
  readonly started: Promise<void>;
  /** Like ExecStream.exit. */
  readonly exit: Promise<number>;
  close(): void;
}

/**
 * Starts a command that ends by itself soon. In a debugger that shares a container's processes, the command is tethered
 * to the connection. In others it has a lease, which also detects a silent client but needs a main process that reaps
 * orphans.
 */
export async function startShortCommand(
  access: Access,
  ref: ContainerRef & Pick<Debugger, 'kind'>,
  profile: Profile,
  command: readonly string[],
  signal?: AbortSignal,
): Promise<ShortCommand> {
  const { enter = [] } = ref;
  // A node debugger sees all processes too, but its orphans go to the runtime, which reaps them.
  if (profile === 'network' || ref.kind === 'node')
    return LeasedProcess.start(access, ref, { command, isShort: true }, signal);
  const stream = await exec(access, {
    namespace: ref.namespace,
    pod: ref.pod,
    container: ref.container,
    command: ['sh', '-c', tetherScript, 'tether', ...enter, ...command],
    stdin: true,
    ...(signal && { signal }),
  });
  const { stderr, started } = withoutStartSign(stream.stderr);
  const { stdout, exit } = stream;
  return { stdout, stderr, started, exit, close: () => stream.close() };
}
