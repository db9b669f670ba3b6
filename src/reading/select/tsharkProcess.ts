import {
  type ChildProcess,
  type ChildProcessWithoutNullStreams,
  execFile,
  spawn,
} from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { errorCode, Problem, wrongUsage } from '../../problem.ts';
import { tsharkComplaint, tsharkVersion } from '../../tools/tshark.ts';
import type { PacketStream } from '../input/packetStream.ts';
import { PacketWriter } from '../packetWriter.ts';

/** The maximum length of an error message. */
const STDERR_CHARACTERS = 4096;

/** The version of a tshark, such as `4.0.17`; undefined if it cannot be run. */
export async function versionOf(program: string): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(program, ['--version'], { timeout: 10_000 });
    return tsharkVersion(stdout);
  } catch {
    return undefined;
  }
}

/**
 * Writes the packets of a stream to tshark and yields the lines that it prints, in batches as they arrive. Ends tshark
 * if the caller stops reading. Throws a Problem if tshark fails: wrong usage if it refuses the filter.
 */
export async function* tsharkLines(
  program: string,
  args: readonly string[],
  stream: PacketStream,
): AsyncGenerator<readonly string[], void> {
  const tshark = startTshark(program, args);
  const { child } = tshark;
  const fed = feed(child, stream);
  // The error is handled when the output has ended.
  fed.catch(() => {});
  let isWhole = false;
  try {
    let rest = '';
    for await (const text of child.stdout.setEncoding('utf8')) {
      const lines = (rest + String(text)).split('\n');
      rest = lines.pop() ?? '';
      if (lines.length > 0) yield lines;
    }
    isWhole = true;
  } finally {
    // Closing the pipes ends cat and tshark.
    if (!isWhole) {
      child.stdin.destroy();
      child.stdout.destroy();
    }
    await tshark.closed.catch(() => {});
  }
  const failure = await tshark.closed;
  await fed;
  if (failure) throw failure;
}

/** A tshark that reads packets from standard input. */
interface RunningTshark {
  readonly child: ChildProcessWithoutNullStreams;
  /** Resolves once it has exited and its output is closed; with the reason if it failed. */
  readonly closed: Promise<Problem | undefined>;
}

export function startTshark(program: string, args: readonly string[]): RunningTshark {
  // tshark can read pipes and files, but Node creates a socket.
  const piped = ['-c', 'cat | exec "$@"', 'sh', program, ...args];
  const child = spawn('/bin/sh', piped, { stdio: ['pipe', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-STDERR_CHARACTERS);
  });
  const closed = once(child, 'close').then(([code]) =>
    code === 0 ? undefined : tsharkFailure(stderr),
  );
  return { child, closed };
}

/** The reason why tshark failed, from its standard error. */
function tsharkFailure(stderr: string): Problem {
  const text = tsharkComplaint(stderr);
  return /filter|field|expression|unexpected|expected|type|protocol|valid/i.test(stderr)
    ? wrongUsage(`the display filter is not valid: ${text}`)
    : new Problem(`tshark failed: ${text}`, { kind: 'program-failed' });
}

/** Writes all packets to the input of the program. Stops silently if the input is closed. */
async function feed({ stdin }: ChildProcess, stream: PacketStream): Promise<void> {
  if (!stdin) return;
  stdin.on('error', () => {});
  const writer = new PacketWriter('kubectl netdebug', async (bytes) => {
    // Copy the batch, because it is reused as soon as this function returns.
    if (!stdin.write(Buffer.from(bytes)) && stdin.writable)
      await Promise.race([once(stdin, 'drain'), once(stdin, 'close')]);
  });
  try {
    while (stdin.writable && (await stream.more())) {
      writer.addNames(stream);
      while (stream.next())
        if (!writer.add(stream)) {
          await writer.flush();
          writer.add(stream);
        }
      await writer.flush();
    }
    if (writer.packets === 0) writer.describe(stream.interfaces);
    await writer.flush();
  } catch (error) {
    if (errorCode(error) !== 'EPIPE') throw error;
  } finally {
    stdin.end();
  }
}
