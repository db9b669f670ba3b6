import type { NetworkFinding } from '../findings/finding.ts';

/** What a picture shows, without places: columns from left to right, and lines between devices. */
export interface Graph {
  readonly title: string;
  readonly columns: readonly GraphColumn[];
  readonly lines: readonly GraphLine[];
}

export interface GraphColumn {
  readonly title: string;
  readonly groups: readonly GraphGroup[];
  /** `up` for a column that is read from the bottom to the top. */
  readonly reads: 'down' | 'up';
}

/** Devices in one network namespace. */
export interface GraphGroup {
  readonly title: string;
  readonly devices: readonly Device[];
}

export interface Device {
  readonly id: string;
  readonly name: string;
  /** Kind, MTU and state. */
  readonly kind: string;
  /** Addresses, next hops, routes. */
  readonly details: readonly string[];
  readonly marks: readonly Mark[];
}

/** What is wrong at a device, or what was seen there. */
export interface Mark {
  readonly severity: NetworkFinding['severity'] | 'good';
  readonly text: string;
}

export interface GraphLine {
  readonly from: string;
  readonly to: string;
  readonly label?: string;
  /** Whether a packet goes that way; else the two belong together. */
  readonly isWay: boolean;
}
