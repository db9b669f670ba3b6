import { Problem, type ProblemKind } from '../problem.ts';
import { parseStatus } from './apiError.ts';

/** Why an exec returned no exit code. */
export type ExecFailure =
  /** The container does not have the program. */
  | 'program-missing'
  /** The runtime could not start the command for another reason. */
  | 'not-started'
  /** The stream ended before the exit status arrived. The output may be incomplete. */
  | 'cut'
  /** The peer stopped answering pings. */
  | 'silent';

const KINDS: Readonly<Record<ExecFailure, ProblemKind>> = {
  'program-missing': 'image',
  'not-started': 'not-started',
  cut: 'unreachable',
  silent: 'unreachable',
};

export class ExecProblem extends Problem {
  override readonly name = 'ExecProblem';
  readonly failure: ExecFailure;

  constructor(failure: ExecFailure, message: string, next: readonly string[] = []) {
    super(message, { kind: KINDS[failure], next });
    this.failure = failure;
  }
}

/**
 * Reads the message of the status channel: the exit code of the command, or the reason why it never ran. The format is
 * that of k8s.io/apimachinery/pkg/util/remotecommand: Success, or Failure with reason NonZeroExitCode and a cause
 * ExitCode, or an InternalError with the runtime's message.
 */
export function parseExecStatus(payload: string): number | ExecProblem {
  const status = parseStatus(payload) ?? (JSON.parse(payload) as { status?: string });
  if ('status' in status && status.status === 'Success') return 0;
  const { details, message = 'the command failed without a reason' } = status as {
    details?: { causes?: { reason?: string; message?: string }[] };
    message?: string;
  };
  const cause = details?.causes?.find(({ reason }) => reason === 'ExitCode');
  const code = Number(cause?.message);
  // Never 0: a failure without an exit code must not look like a success.
  if (Number.isInteger(code) && code !== 0) return code;
  return new ExecProblem(
    /executable file not found|no such file or directory/.test(message)
      ? 'program-missing'
      : 'not-started',
    message.replace(/^(Internal error occurred: )+/, ''),
  );
}
