import type { DeviceLocation } from '../trace/oneWayPath.ts';

/** What is wrong and where, the evidence, the effect on packets, and the fix. */
export interface NetworkFinding {
  /** A fixed kebab-case word, listed in docs/findings.md. */
  readonly kind: string;
  /** `error`: packets are lost. `warning`: some packets are or will be lost. `info`: good to know, nothing is lost. */
  readonly severity: 'error' | 'warning' | 'info';
  readonly where: DeviceLocation;
  /** The line that shows it, as printed by the program that was run. */
  readonly evidence: string;
  readonly meaning: string;
  /** What to do. Commands are on lines of their own, indented by two spaces. */
  readonly fix: string;
  /** The kind of the finding that caused this one; absent for an independent finding. */
  readonly causedBy?: string;
}
