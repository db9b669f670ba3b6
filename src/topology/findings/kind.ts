import type { Where } from '../trace/way.ts';

/** What a kind of finding says. */
export interface FaultKind {
  readonly severity: 'error' | 'warning' | 'info';
  /**
   * Lower kinds explain higher ones at the same place: 1 links, 2 addresses, 3 routes, 4 neighbours and
   * tunnels, 5 rules, 6 services and processes.
   */
  readonly layer: 1 | 2 | 3 | 4 | 5 | 6;
  /** In one line, for the list of kinds. */
  readonly summary: string;
  readonly meaning: (value: FaultValues, where: Where) => string;
  readonly fix: (value: FaultValues, where: Where) => string;
}

/** What a fault names; an empty text for what it does not. */
export type FaultValues = (name: string) => string;

/** A command as it is run on the node; in a pod's namespace, with the way into it. */
export function inNamespace({ pod, node }: Where, command: string): string {
  if (pod === undefined) return command;
  return `on ${node ?? 'the node'}, in the network of pod ${pod}: ${command}`;
}
