import type { ShortCommand } from '../debugger/shortCommand.ts';
import { Problem, type ProblemDetails } from '../problem.ts';
import { waitAtMost } from '../transfer/idleTimeout.ts';

/** A busy node may start a command long after the connection is established. */
const START_MS = 120_000;
/** Once the command runs: the longest silence, and the longest total time. */
const SILENCE_MS = 20_000;
const TOTAL_LIMIT_MS = 300_000;
/** How long to wait for the exit code after the output has ended. */
const EXIT_MS = 10_000;
/** No tool prints longer lines. */
const MAX_LINE = 64 * 1024;
const NEWLINE = 0x0a;

/** A command hangs, or its output does not end. */
export class Unusable extends Problem {
  constructor(message: string, details: Partial<ProblemDetails> = {}) {
    super(message, { kind: 'command-failed', ...details });
  }
}

/**
 * The output of a command that must start, print something regularly, and end. Throws Unusable if the command runs and
 * does not do so, and a Problem if the pod does not start it. Time that the reader spends between two chunks does not
 * count.
 */
export async function* boundedOutput(command: ShortCommand, name: string): AsyncGenerator<Buffer> {
  const chunks = (command.stdout as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  const first = chunks.next();
  const started = await waitAtMost(
    Promise.race([first, command.started, command.exit]),
    START_MS,
    TIMED_OUT,
  );
  if (started === TIMED_OUT)
    throw new Problem(`the pod has not started ${name} within ${START_MS / 1000} s`, {
      kind: 'not-started',
      next: ['is its node overloaded? Check the load of the node, or try again later'],
    });
  const startedAt = performance.now();
  let line = 0;
  for (let next = first; ; next = chunks.next()) {
    const result = await waitAtMost(next, SILENCE_MS, TIMED_OUT);
    if (result === TIMED_OUT)
      throw new Unusable(`${name} has printed nothing for ${SILENCE_MS / 1000} s`);
    if (result.done) return;
    const newline = result.value.lastIndexOf(NEWLINE);
    line = newline < 0 ? line + result.value.length : result.value.length - newline;
    if (line > MAX_LINE) throw new Unusable(`${name} prints no line breaks`);
    if (performance.now() - startedAt > TOTAL_LIMIT_MS)
      throw new Unusable(`${name} has not ended within ${TOTAL_LIMIT_MS / 1000} s`);
    yield result.value;
  }
}

/** The exit code of a command whose output has ended. Throws Unusable if it does not arrive. */
export async function boundedExit(command: ShortCommand, name: string): Promise<number> {
  const code = await waitAtMost(command.exit, EXIT_MS, TIMED_OUT);
  if (code === TIMED_OUT) throw new Unusable(`${name} does not end`);
  return code;
}

const TIMED_OUT = Symbol('late');
