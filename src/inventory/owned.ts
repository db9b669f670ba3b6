import type { DetachedCapture } from '../capture/detached/captures.ts';
import type { Profile } from '../debugger/profile.ts';
import type { Pod } from '../kube/pod.ts';

/** A debugger or capture of netdebug in a cluster. */
export interface Owned {
  readonly kind: 'debugger' | 'capture' | 'node-debugger';
  readonly pod: Pod;
  /** Its container in that pod; of a node debugger the only one. */
  readonly container: string;
  /** Of a debugger. */
  readonly profile?: Profile;
  /** Of a capture. */
  readonly capture?: DetachedCapture;
  readonly image?: string;
  readonly owner?: string;
  /** ISO 8601. */
  readonly since?: string;
  readonly state: 'starting' | 'running' | 'ended';
  /** Of one that is not running: why. */
  readonly reason?: string;
}

/** The node where something runs; empty for what does not run, and so is not asked. */
export function nodeOfOwned({ pod, state }: Owned): string {
  return state === 'running' ? (pod.spec.nodeName ?? '') : '';
}

/** Whether the whole pod was created by netdebug, so that it can be deleted. */
export function ownsPod({ kind, capture }: Owned): boolean {
  return kind === 'node-debugger' || capture?.onNode === true;
}
