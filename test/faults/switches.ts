/**
 * The faults that a namespace's requests meet, by name. They are annotations `netdebug.test/NAME` of the
 * namespace, or entries of a file.
 *
 * Requests about objects in the namespace:
 *
 * | name | value | what happens |
 * |---|---|---|
 * | `http-error` | `CODE [TIMES [VERB [RESOURCE]]]` | the next requests are answered with this code; `*` is any: `429 3`, `503 1 get pods/exec`, `500 * patch`. A websocket is a `get`, as for RBAC |
 * | `http-error-recording` | `RECORDING` | the body and code of a recorded answer of a real API server, for `http-error` |
 * | `retry-after` | `SECONDS` or `none` | for 429 and 503; default 1 |
 * | `clock-skew` | `SECONDS` | the Date header and all times in answers are shifted by this much |
 * | `expire-watches` | a new value | every watch ends with 410 Expired |
 * | `idle-timeout` | `SECONDS` | connections are reset when nothing passed for this time |
 * | `refuse-v5` | `true` | an exec over a websocket can only use the v4 protocol |
 *
 * Streams (exec, attach, portforward, watch, log) that start from now on:
 *
 * | name | value | what happens |
 * |---|---|---|
 * | `disconnect-after` | `BYTES [HOW]` | after this many bytes to the client the connection ends: `fin` (default), `rst`, or `blackhole`: nothing passes in either direction, nothing is closed |
 * | `stall-after` | `BYTES` | nothing more is sent to the client, nothing is closed |
 * | `throttle` | `BYTES` | bytes per second to the client |
 * | `delay-exec` | `MILLISECONDS` | the command starts this long after the websocket was opened, as on a busy node |
 * | `close-stdout-after` | `BYTES` | exec over v5: a close frame (255) ends stdout while the command continues |
 * | `drop-status`, `truncate-status` | `true` | exec ends without its status frame, or with half of one |
 * | `only-streams` | `TIMES [KIND]` | these faults apply to the next streams only: `1 exec`, `* watch` |
 *
 * Of any namespace, for clients of the unsteady listener only:
 *
 * | name | value | what happens |
 * |---|---|---|
 * | `restart` | `MILLISECONDS` | all connections are dropped, and new ones are refused for this time |
 */
export type SwitchName =
  | 'clock-skew'
  | 'close-stdout-after'
  | 'delay-exec'
  | 'disconnect-after'
  | 'drop-status'
  | 'expire-watches'
  | 'http-error'
  | 'http-error-recording'
  | 'idle-timeout'
  | 'only-streams'
  | 'refuse-v5'
  | 'restart'
  | 'retry-after'
  | 'stall-after'
  | 'throttle'
  | 'truncate-status';

/** Switches as they are read: other names may be among them, and have no effect. */
export type Switches = Readonly<Record<string, string>>;

export const PREFIX = 'netdebug.test/';

/** A place for switches. Counted switches are changed when they are used. */
export interface SwitchBoard {
  read(namespace: string): Promise<Switches>;
  /** Sets a switch, or removes it. */
  set(namespace: string, name: string, value: string | undefined): Promise<void>;
}

/** Whether a switch's pattern, a word or `*`, matches. */
export function matchesPattern(pattern: string, value: string): boolean {
  return pattern === '*' || pattern === value;
}

/** Lets one caller at a time read and count the switches of a namespace. */
export class SwitchReader {
  readonly #boards: readonly SwitchBoard[];
  readonly #turns = new Map<string, Promise<unknown>>();

  /** The switches of later boards replace those of earlier ones. */
  constructor(boards: readonly SwitchBoard[]) {
    this.#boards = boards;
  }

  /** Calls `use` with the namespace's switches, and with a function that changes one of them. */
  async withSwitches<Result>(
    namespace: string,
    use: (
      switches: Switches,
      set: (name: string, value: string | undefined) => Promise<void>,
    ) => Promise<Result> | Result,
  ): Promise<Result> {
    const previousTurn = this.#turns.get(namespace);
    const turn = (async () => {
      await previousTurn?.catch(() => undefined);
      const read = await Promise.all(this.#boards.map((board) => board.read(namespace)));
      const owners = new Map<string, SwitchBoard>();
      read.forEach((switches, index) => {
        const board = this.#boards[index];
        for (const name of Object.keys(switches)) if (board) owners.set(name, board);
      });
      return use(Object.assign({}, ...read), async (name, value) =>
        owners.get(name)?.set(namespace, name, value),
      );
    })();
    this.#turns.set(namespace, turn);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(namespace) === turn) this.#turns.delete(namespace);
    }
  }
}
