import type { Readable } from 'node:stream';
import { Problem } from '../problem.ts';
import type { Access } from './authentication.ts';
import { type ExecOptions, exec } from './exec.ts';

export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The output of a short command is small. More than this is an error, and must not be kept in memory. */
const MAX_OUTPUT_BYTES = 8 * 1024 * 1024;

/** Runs a short command to its end, and returns its whole output. Throws the errors of `exec`. */
export async function run(access: Access, options: ExecOptions): Promise<RunResult> {
  const stream = await exec(access, options);
  try {
    const [stdout, stderr, code] = await Promise.all([
      collect(stream.stdout),
      collect(stream.stderr),
      stream.exit,
    ]);
    return { code, stdout, stderr };
  } finally {
    stream.close();
  }
}

async function collect(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_OUTPUT_BYTES)
      throw new Problem('the command printed more than 8 MiB', { kind: 'damaged' });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
