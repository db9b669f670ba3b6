import type { Pod } from '../kube/pod.ts';
import type { ContainerRef } from './leasedProcess.ts';
import type { AccessLevel } from './profile.ts';

/** Where our commands run: a container in, or with a way into, the network of a target. */
export interface Debugger extends ContainerRef {
  readonly kind: 'ephemeral' | 'node';
  readonly accessLevel: AccessLevel;
  /** False when a running one was reused. */
  readonly fresh: boolean;
  /** The pod that the container is in: what is written there is written in that pod. */
  readonly home: Pod;
  /** Whether it is a node's network, with everything of that node in it. */
  readonly ofNode: boolean;
  /** Of a node's network: TCP ports of the connections that our own output travels in. */
  readonly ownPorts: readonly number[];
  /** Removes what was made for one command alone: a node's debugger. Never throws. */
  close(): Promise<void>;
}
