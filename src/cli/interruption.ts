const SIGNALS: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const FORCED_EXIT = 130;

/** A wish to end in order, from the keyboard or another program. */
export interface Interruption {
  readonly signal: AbortSignal;
  /** Gives the signals back their usual effect. */
  release(): void;
}

/**
 * Turns SIGINT, SIGTERM and SIGHUP into a wish to end in order; a second one ends at once (the
 * lease in the pod does the rest).
 */
export function onInterruption(): Interruption {
  const controller = new AbortController();
  const onSignal = () => {
    if (controller.signal.aborted) process.exit(FORCED_EXIT);
    controller.abort(new Interrupted());
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return {
    signal: controller.signal,
    release: () => {
      for (const signal of SIGNALS) process.off(signal, onSignal);
    },
  };
}

/** The user ended the command before there was anything to keep. */
export class Interrupted extends Error {}
