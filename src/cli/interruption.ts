const SIGNALS: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
/** The exit code that shells report for a program that was ended with Ctrl-C. */
export const FORCED_EXIT_CODE = 130;

/** How long a command may take to end after the second signal. */
const ABANDON_TIMEOUT_MS = 2_000;

/** The signals of one command: SIGINT, SIGTERM and SIGHUP. */
export interface Interruption {
  /** Aborted by the first signal: end cleanly. */
  readonly signal: AbortSignal;
  /** Aborted by the second signal: end at once, with the data available. */
  readonly abandon: AbortSignal;
  /** Restores the default effect of the signals. */
  release(): void;
}

export interface InterruptionOptions {
  /**
   * The command handles `abandon`, and has a moment to save its data after the second signal. Otherwise the second
   * signal ends the process, and the lease in the pod takes care of the rest.
   */
  readonly handlesAbandon?: boolean;
}

/** The first signal requests a clean end, the second an immediate end, and the third ends the process. */
export function onInterruption({
  handlesAbandon: abandons = false,
}: InterruptionOptions = {}): Interruption {
  const ending = new AbortController();
  const abandon = new AbortController();
  let state: 'running' | 'ending' | 'abandoned' = 'running';
  const exit = () => process.exit(FORCED_EXIT_CODE);
  const onSignal = () => {
    if (state === 'running') {
      state = 'ending';
      ending.abort(new Interrupted());
    } else if (state === 'ending' && abandons) {
      state = 'abandoned';
      setTimeout(exit, ABANDON_TIMEOUT_MS).unref();
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

/** The user ended the command before there was anything to save. */
export class Interrupted extends Error {}
