import type { Pod } from '../kube/pod.ts';
import type { ContainerRef } from './leasedProcess.ts';
import type { AccessLevel } from './profile.ts';

/** Where our commands run: a container that is in, or can enter, the network of a target. */
export interface Debugger extends ContainerRef {
  readonly kind: 'ephemeral' | 'node';
  readonly accessLevel: AccessLevel;
  /** False if a running debugger was reused. */
  readonly fresh: boolean;
  /** The pod of the container. Files written in the debugger are stored in this pod. */
  readonly home: Pod;
  /** Whether the network is a node's, with everything in it. */
  readonly ofNode: boolean;
  /** For a node's network: TCP ports of the connections that carry our own output. */
  readonly ownPorts: readonly number[];
  /** Removes what was created for this command alone: a node debugger. Never throws. */
  close(): Promise<void>;
}
