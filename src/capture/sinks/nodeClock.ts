import { type ContainerRef, LeasedProcess } from '../../debugger/leasedProcess.ts';
import type { Access } from '../../kube/authentication.ts';
import clockScript from './clock.sh';

/** The difference between a node's clock and this computer's, in milliseconds. */
export interface NodeClock {
  /** How far the node's clock is ahead, and the uncertainty of that. */
  readonly ahead: number;
  readonly uncertainty: number;
  /**
   * When the node started, since 1970, by its own clock. Together with its uptime, this gives the node's time later.
   */
  readonly bootedAt: number;
}

/** How long to wait for an answer. A busy node takes seconds to start a command. */
const LIMIT_MS = 10_000;

/**
 * Reads the clock of a node. The shell in the pod waits for input, which is sent after the connection is established.
 * The time between input and answer is therefore a single round trip plus the start of a process or two. Returns
 * undefined if no valid answer arrives in time.
 */
export async function readNodeClock(
  access: Access,
  ref: ContainerRef,
): Promise<NodeClock | undefined> {
  try {
    const signal = AbortSignal.timeout(LIMIT_MS);
    const remote = await LeasedProcess.start(
      access,
      ref,
      { script: clockScript, command: [] },
      signal,
    );
    signal.addEventListener('abort', () => remote.close());
    const sent = Date.now();
    remote.stderr.resume();
    let text = '';
    let received = sent;
    for await (const chunk of remote.stdout) {
      if (text === '') received = Date.now();
      text += chunk;
    }
    await remote.exit;
    return parseClock(text, sent, received);
  } catch {
    // The clock is optional: if something is wrong with the pod, the recorder reports it.
    return undefined;
  }
}

/** Parses the output of clock.sh; `sent` and `received` are times of this computer. */
export function parseClock(text: string, sent: number, received: number): NodeClock | undefined {
  const match = /^(\d+\.\d+) (\d+)(?:\.(\d*))?/.exec(text);
  if (!match) return undefined;
  const [, uptime = '', seconds = '', fraction = ''] = match;
  // Whole seconds are rounded down.
  const subsecond = fraction !== '' ? Number(`0.${fraction}`) : 0.5;
  const now = (Number(seconds) + subsecond) * 1000;
  return {
    ahead: now - (sent + received) / 2,
    uncertainty: (received - sent) / 2 + (fraction !== '' ? 0 : 500),
    bootedAt: now - Number(uptime) * 1000,
  };
}
