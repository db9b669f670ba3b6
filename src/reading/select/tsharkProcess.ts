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

/** Room for the words of a failure. */
const STDERR_CHARACTERS = 4096;

/** The version of a tshark, such as `4.0.17`; undefined where it does not run. */
export async function versionOf(program: string): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(program, ['--version'], { timeout: 10_000 });
    return tsharkVersion(stdout);
  } catch {
    return undefined;
  }
}

/**
 * Gives the packets of a stream to a tshark, and gives the lines that it prints, as many at a time as come
 * together. Ends it when the caller does not want more. Throws a Problem when tshark fails: wrong usage for a filter that it refuses.
 */
export async function* tsharkLines(
  program: string,
  args: readonly string[],
  stream: PacketStream,
): AsyncGenerator<readonly string[], void> {
  const tshark = startTshark(program, args);
  const { child } = tshark;
  const fed = feed(child, stream);
  // It is looked at when the output has ended.
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
    // Their ends reach cat and tshark.
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

/** A tshark that reads packets from its standard input. */
interface RunningTshark {
  readonly child: ChildProcessWithoutNullStreams;
  /** Settles when it has ended and its output is closed, with why it failed, if it did. */
  readonly closed: Promise<Problem | undefined>;
}

export function startTshark(program: string, args: readonly string[]): RunningTshark {
  // tshark reads pipes and files; what Node makes is a socket.
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

/** Why a tshark failed, from its standard error. */
function tsharkFailure(stderr: string): Problem {
  const text = tsharkComplaint(stderr);
  return /filter|field|expression|unexpected|expected|type|protocol|valid/i.test(stderr)
    ? wrongUsage(`the display filter is not valid: ${text}`)
    : new Problem(`tshark failed: ${text}`, { kind: 'failed' });
}

/** Writes all packets to the program's input; ends quietly when that is closed. */
async function feed({ stdin }: ChildProcess, stream: PacketStream): Promise<void> {
  if (!stdin) return;
  stdin.on('error', () => {});
  const writer = new PacketWriter('kubectl netdebug', async (bytes) => {
    // The batch is used again as soon as this returns.
    if (!stdin.write(Buffer.from(bytes)) && stdin.writable)
      await Promise.race([once(stdin, 'drain'), once(stdin, 'close')]);
  });
  try {
    while (stdin.writable && (await stream.more())) {
      writer.takeNames(stream);
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
