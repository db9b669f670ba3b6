const SIGNALS: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
/** The exit code that shells report for a program ended by Ctrl-C. */
export const FORCED_EXIT = 130;

/** How long a command may take to end after the second signal. */
const ABANDON_MS = 2_000;

/** The signals of one command: SIGINT, SIGTERM and SIGHUP. */
export interface Interruption {
  /** Aborted by the first signal: end in order. */
  readonly signal: AbortSignal;
  /** Aborted by the second signal: end at once, with what there is. */
  readonly abandon: AbortSignal;
  /** Gives the signals back their usual effect. */
  release(): void;
}

export interface InterruptionOptions {
  /**
   * The command listens to `abandon`, and has a moment to save what it has after the second signal. Without it the
   * second signal ends the process; the lease in the pod does the rest.
   */
  readonly abandons?: boolean;
}

/** Turns the first signal into a request to end in order, the second into one to end at once; a third ends the process. */
export function onInterruption({ abandons = false }: InterruptionOptions = {}): Interruption {
  const ending = new AbortController();
  const abandon = new AbortController();
  let state: 'running' | 'ending' | 'abandoned' = 'running';
  const exit = () => process.exit(FORCED_EXIT);
  const onSignal = () => {
    if (state === 'running') {
      state = 'ending';
      ending.abort(new Interrupted());
    } else if (state === 'ending' && abandons) {
      state = 'abandoned';
      setTimeout(exit, ABANDON_MS).unref();
      abandon.abort();
    } else exit();
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return {
    signal: ending.signal,
    abandon: abandon.signal,
    release: () => {
      for (const signal of SIGNALS) process.off(signal, onSignal);
    },
  };
}

/** The user ended the command before there was anything to keep. */
export class Interrupted extends Error {}
