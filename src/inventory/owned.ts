import type { DetachedCapture } from '../capture/detached/captures.ts';
import type { Profile } from '../debugger/profile.ts';
import type { Pod } from '../kube/pod.ts';

/** A debugger or capture that netdebug created in a cluster. */
export interface Owned {
  readonly kind: 'debugger' | 'capture' | 'node-debugger';
  readonly pod: Pod;
  /** Its container in that pod. A node debugger has only one. */
  readonly container: string;
  /** Only for a debugger. */
  readonly profile?: Profile;
  /** Only for a capture. */
  readonly capture?: DetachedCapture;
  readonly image?: string;
  readonly owner?: string;
  /** ISO 8601. */
  readonly since?: string;
  readonly state: 'starting' | 'running' | 'ended';
  /** Why it is not running, if it is not. */
  readonly reason?: string;
}

/** The node where it runs. Empty if it does not run, and so is not queried. */
export function nodeOfOwned({ pod, state }: Owned): string {
  return state === 'running' ? (pod.spec.nodeName ?? '') : '';
}

/** Whether netdebug created the whole pod, so that it can be deleted. */
export function ownsPod({ kind, capture }: Owned): boolean {
  return kind === 'node-debugger' || capture?.isOnNode === true;
}
