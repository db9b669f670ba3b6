import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { Access } from '../kube/authentication.ts';
import type { ExecProtocol } from '../kube/exec.ts';
import { Problem } from '../problem.ts';
import { type ContainerRef, LeasedProcess, type Program } from './leasedProcess.ts';

export interface RunLimits {
  readonly signal?: AbortSignal;
  /** The limit of standard output; 8 MiB when absent. Output is held in memory, so exceeding it is a Problem. */
  readonly maxBytes?: number;
}

export interface ProgramResult {
  readonly code: number;
  readonly stdout: Buffer;
  /** The first 64 KiB at most. */
  readonly stderr: string;
  readonly protocol: ExecProtocol;
}

const MAX_STDOUT_BYTES = 8 * 1024 * 1024;
const MAX_STDERR_BYTES = 64 * 1024;

/**
 * Runs a program in a debugger to its end. A lease ends the program if this process or the connection fails. Throws
 * what `exec` throws, the signal's reason, or a Problem if the output is too large. A failing program does not throw;
 * see `code`.
 */
export async function runProgram(
  access: Access,
  ref: ContainerRef,
  program: Program,
  { signal, maxBytes = MAX_STDOUT_BYTES }: RunLimits = {},
): Promise<ProgramResult> {
  const remote = await LeasedProcess.start(access, ref, { ...program, isShort: true }, signal);
  const close = () => remote.close();
  signal?.addEventListener('abort', close, { once: true });
  try {
    const [stdout, stderr, code] = await Promise.all([
      readAll(remote.stdout, maxBytes),
      text(readStart(remote.stderr)),
      remote.exit,
    ]);
    signal?.throwIfAborted();
    return { code, stdout, stderr, protocol: remote.protocol };
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', close);
    remote.close();
  }
}

async function readAll(stream: Readable, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes)
      throw new Problem(`the command in the pod printed more than ${maxBytes / 1024 / 1024} MiB`, {
        kind: 'damaged',
      });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The rest is read and discarded so that the program is not blocked. */
async function* readStart(stream: Readable): AsyncGenerator<Buffer> {
  let room = MAX_STDERR_BYTES;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    if (room > 0) yield chunk.subarray(0, room);
    room -= chunk.length;
  }
}
