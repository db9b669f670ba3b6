import { Problem } from '../problem.ts';

/** The recorder failed; `stderr` contains its own messages, or those of the shell that starts it. */
export class RecorderProblem extends Problem {
  readonly exitStatus: number;
  readonly stderr: string;

  constructor(stderr: string, exitStatus: number) {
    super(stderr || `tcpdump ended with exit code ${exitStatus}, without a message`, {
      kind: 'recorder',
    });
    this.stderr = stderr;
    this.exitStatus = exitStatus;
  }
}
