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
  readonly fix: (value: FaultValues, where: DeviceLocation) => string;
}

/** The values of a fault, by name; an empty text for a missing one. */
export type FaultValues = (name: string) => string;

/** A command on the node; for a pod, with a note that it must run in the pod's network. */
export function inNamespace({ pod, node }: DeviceLocation, command: string): string {
  if (pod === undefined) return command;
  return `on ${node ?? 'the node'}, in the network of pod ${pod}: ${command}`;
}
