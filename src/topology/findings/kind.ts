import type { DeviceLocation } from '../trace/oneWayPath.ts';

/** The texts of a kind of finding. */
export interface FaultKind {
  readonly severity: 'error' | 'warning' | 'info';
  /**
   * A lower layer explains higher ones at the same place: 1 links, 2 addresses, 3 routes, 4 neighbours and
   * tunnels, 5 rules, 6 services and processes.
   */
  readonly layer: 1 | 2 | 3 | 4 | 5 | 6;
  /** One line for the list of kinds. */
  readonly summary: string;
  readonly meaning: (value: FaultValues, where: DeviceLocation) => string;
  /** What to do. Commands are on lines of their own, as `withCommands` writes them. */
  readonly fix: (value: FaultValues, where: DeviceLocation) => string;
}

/** The values of a fault, by name; an empty text for a missing one. */
export type FaultValues = (name: string) => string;

/** An instruction, and below it the commands that it refers to, each on an indented line of its own. */
export function withCommands(instruction: string, ...commands: readonly string[]): string {
  return [`${instruction}:`, ...commands.map((command) => `  ${command}`)].join('\n');
}

/** The instruction to run commands on the node, or in the network of a pod. `before` is the start of the sentence. */
export function runOn(
  { pod, node }: DeviceLocation,
  commands: string | readonly string[],
  before = '',
): string {
  const place = `${node ?? 'the node'}${pod === undefined ? '' : `, in the network of pod ${pod}`}`;
  return withCommands(`${before} run on ${place}`.trim(), ...[commands].flat());
}
