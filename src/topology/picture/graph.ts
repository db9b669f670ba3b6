import type { NetworkFinding } from '../findings/finding.ts';

/** The contents of a picture without positions: columns from left to right, and lines between devices. */
export interface Graph {
  readonly title: string;
  readonly columns: readonly GraphColumn[];
  readonly lines: readonly GraphLine[];
}

export interface GraphColumn {
  readonly title: string;
  readonly groups: readonly GraphGroup[];
  /** `up` if the column is read from bottom to top. */
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

/** A finding or a sighting at a device. */
export interface Mark {
  readonly severity: NetworkFinding['severity'] | 'good';
  readonly text: string;
}

export interface GraphLine {
  readonly from: string;
  readonly to: string;
  readonly label?: string;
  /** Whether it is part of the path; otherwise, the devices only belong together. */
  readonly isPath: boolean;
}
