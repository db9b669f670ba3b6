import { getEventListeners } from 'node:events';

const SIGNALS: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
/** What shells give for a program that Ctrl-C ended. */
export const FORCED_EXIT = 130;

/** How long what hears of the second signal may take to end. */
const ABANDON_MS = 2_000;

/** A wish to end in order, from the keyboard or another program. */
export interface Interruption {
  readonly signal: AbortSignal;
  /** The wish to end at once, with what there is. */
  readonly abandon: AbortSignal;
  /** Gives the signals back their usual effect. */
  release(): void;
}

/**
 * Turns SIGINT, SIGTERM and SIGHUP into a wish to end in order, and the second of them into one to
 * end at once; where nobody hears of that, or not soon, it ends us (the lease in the pod does the rest).
 */
export function onInterruption(): Interruption {
  const controller = new AbortController();
  const abandon = new AbortController();
  const exit = () => process.exit(FORCED_EXIT);
  const onSignal = () => {
    if (!controller.signal.aborted) {
      controller.abort(new Interrupted());
      return;
    }
    if (abandon.signal.aborted || getEventListeners(abandon.signal, 'abort').length === 0) exit();
    setTimeout(exit, ABANDON_MS).unref();
    abandon.abort();
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return {
    signal: controller.signal,
    abandon: abandon.signal,
    release: () => {
      for (const signal of SIGNALS) process.off(signal, onSignal);
    },
  };
}

/** The user ended the command before there was anything to keep. */
export class Interrupted extends Error {}
