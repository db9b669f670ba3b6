import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { Access } from '../../kube/authentication.ts';
import { type ExecStream, exec, type TerminalSize } from '../../kube/exec.ts';
import { Problem } from '../../problem.ts';
import { BOOT_COMMAND, bootInput, RUN_WORDS } from '../bootCommand.ts';
import { type ContainerRef, LeasedProcess } from '../leasedProcess.ts';
import { inFrames } from './frames.ts';
import guardScript from './guard.sh';
import startScript from './start.sh';

/** A command that a user runs interactively in a debugger. */
export interface InteractiveCommand {
  /** Program and arguments; a shell if empty. */
  readonly command: readonly string[];
  /** The user's terminal: its type (TERM) and size. Without it, the streams are binary and separate. */
  readonly terminal?: { readonly kind: string; readonly size: TerminalSize };
  /** Whether standard input is written to. Always true with a terminal. */
  readonly input: boolean;
}

/**
 * A program that the user interacts with. It and all processes it started end with this process, even if this process
 * is killed or the connection breaks: a guard runs beside it under a lease, because the program's own streams are the
 * user's.
 */
export class InteractiveProgram {
  /** Ending this stream ends the program's input, with both protocols. */
  readonly stdin: Writable;
  readonly #stream: ExecStream;
  readonly #guard: LeasedProcess;

  private constructor(stream: ExecStream, stdin: Writable, guard: LeasedProcess) {
    this.#stream = stream;
    this.stdin = stdin;
    this.#guard = guard;
  }

  /** Starts the program. Throws what `exec` throws. */
  static async start(
    access: Access,
    ref: ContainerRef,
    { command, terminal, input }: InteractiveCommand,
    signal?: AbortSignal,
  ): Promise<InteractiveProgram> {
    const mark = randomBytes(12).toString('hex');
    const { guard, pid } = await startGuard(access, ref, mark, signal);
    try {
      const framed = input && !terminal && guard.protocol === 'v4.channel.k8s.io';
      const how = terminal ? 'stream' : !input ? 'none' : framed ? 'frames' : 'stream';
      const words = [
        ...(ref.enter ?? []),
        ...['sh', '-c', startScript, 'netdebug', mark, pid, terminal?.kind ?? '', how, ...command],
      ];
      // On a terminal, leading input would be echoed, and long lines would be truncated.
      const stream = await exec(access, {
        namespace: ref.namespace,
        pod: ref.pod,
        container: ref.container,
        command: terminal ? words : BOOT_COMMAND,
        stdin: true,
        ...(terminal && { tty: terminal.size }),
        ...(signal && { signal }),
      });
      stream.stdin.on('error', () => {});
      if (!terminal) stream.stdin.write(bootInput(RUN_WORDS, words));
      return new InteractiveProgram(
        stream,
        framed ? framesInto(stream.stdin) : stream.stdin,
        guard,
      );
    } catch (error) {
      guard.stop();
      throw error;
    }
  }

  get stdout(): Readable {
    return this.#stream.stdout;
  }

  /** Empty for a program with a terminal. */
  get stderr(): Readable {
    return this.#stream.stderr;
  }

  /** Like ExecStream.exit. */
  get exit(): Promise<number> {
    return this.#stream.exit;
  }

  resize(size: TerminalSize): void {
    this.#stream.resize(size);
  }

  /** Sends SIGINT to the program and all processes it started, like Ctrl-C on a terminal. */
  interrupt(): void {
    this.#guard.sendSignal();
  }

  /** Ends the program and all processes it left behind. Resolves when the guard has started to do so. */
  async close(): Promise<void> {
    this.#guard.stop();
    await this.#guard.exit.catch(() => {});
    this.#stream.close();
  }
}

async function startGuard(
  access: Access,
  ref: ContainerRef,
  mark: string,
  signal: AbortSignal | undefined,
): Promise<{ guard: LeasedProcess; pid: string }> {
  const guard = await LeasedProcess.start(
    access,
    ref,
    { script: guardScript, command: [mark] },
    signal,
  );
  const errorText = text(guard.stderr).catch(() => '');
  const firstOutput = await Promise.race([
    once(guard.stdout, 'data').then(([chunk]) => String(chunk)),
    guard.exit.then(() => ''),
  ]);
  const [, pid] = /^ready (\d+)\n/.exec(firstOutput) ?? [];
  if (pid !== undefined) {
    guard.stdout.resume();
    return { guard, pid };
  }
  throw new Problem(
    `the debugger cannot run a shell: ${(await errorText).trim() || 'it has ended'}`,
    {
      kind: 'image',
      next: ['if the image is the cause, choose another one with --image'],
    },
  );
}

function framesInto(stdin: Writable): Writable {
  const frames = inFrames();
  frames.on('error', () => {});
  frames.pipe(stdin);
  return frames;
}
