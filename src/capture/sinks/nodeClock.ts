import { LeasedProcess, type Place } from '../../debugger/leasedProcess.ts';
import type { Access } from '../../kube/authentication.ts';
import clockScript from './clock.sh';

/** A node's clock beside ours; milliseconds. */
export interface NodeClock {
  /** How far it was ahead of this computer's, and how sure that is. */
  readonly ahead: number;
  readonly uncertainty: number;
  /** Since 1970, by the node's own clock, when it started: its uptime tells the time from here on. */
  readonly bootedAt: number;
}

/** Nobody waits longer for an answer. */
const LIMIT_MS = 3_000;

/**
 * Asks a node for the time. The shell in the pod waits for its words, which go out when the
 * connection stands, so what lies between them and the answer is one round trip and a process or
 * two. Undefined where no answer comes in time, or none that can be read.
 */
export async function readNodeClock(access: Access, place: Place): Promise<NodeClock | undefined> {
  try {
    const signal = AbortSignal.timeout(LIMIT_MS);
    const asked = await LeasedProcess.start(
      access,
      place,
      { script: clockScript, command: [] },
      signal,
    );
    signal.addEventListener('abort', () => asked.close());
    const sent = Date.now();
    asked.stderr.resume();
    let text = '';
    let received = sent;
    for await (const chunk of asked.stdout) {
      if (text === '') received = Date.now();
      text += chunk;
    }
    await asked.exit;
    return parseClock(text, sent, received);
  } catch {
    // The clock is a courtesy: what is wrong with the pod, its recorder will say.
    return undefined;
  }
}

/** Reads what clock.sh said between two times of ours. */
export function parseClock(text: string, sent: number, received: number): NodeClock | undefined {
  const match = /^(\d+\.\d+) (\d+)(?:\.(\d*))?/.exec(text);
  if (!match) return undefined;
  const [, uptime = '', seconds = '', fraction = ''] = match;
  // Whole seconds are up to one too few.
  const knows = fraction !== '' ? Number(`0.${fraction}`) : 0.5;
  const now = (Number(seconds) + knows) * 1000;
  return {
    ahead: now - (sent + received) / 2,
    uncertainty: (received - sent) / 2 + (fraction !== '' ? 0 : 500),
    bootedAt: now - Number(uptime) * 1000,
  };
}
