import type { Where } from '../trace/way.ts';

/** What is wrong, where, the evidence, what it does to packets, and how to fix it. */
export interface NetworkFinding {
  /** A fixed kebab-case word, listed in docs/findings.md. */
  readonly kind: string;
  /** `error`: packets are lost. `warning`: some are, or will be. `info`: worth knowing, nothing is lost. */
  readonly severity: 'error' | 'warning' | 'info';
  readonly where: Where;
  /** The line that shows it, as the program that was asked prints it. */
  readonly evidence: string;
  readonly meaning: string;
  /** The command that fixes it, or what to do. */
  readonly fix: string;
  /** The kind of the finding that this one follows from; absent for an independent one. */
  readonly causedBy?: string;
}
