import type { ContainerRef } from '../../debugger/leasedProcess.ts';
import type { Access } from '../../kube/authentication.ts';
import { type ResolvedTarget, targetKey, targetNode } from '../../kube/targets/resolvedTarget.ts';
import { type NodeClock, readNodeClock } from './nodeClock.ts';

/** How long an answer is reused. Clocks are adjusted, and drift. */
const STANDS_MS = 60_000;

/**
 * The clocks of many targets' nodes. Targets on the same node share an answer, because each reading is an exec. Pods
 * with their own kernel (a runtime class) have their own clock.
 */
export class NodeClocks {
  readonly #access: Access;
  readonly #asked = new Map<string, { at: number; clock: Promise<NodeClock | undefined> }>();

  constructor(access: Access) {
    this.#access = access;
  }

  /** The clock of a target's node; undefined if it cannot be read. */
  async of(found: ResolvedTarget, place: ContainerRef): Promise<NodeClock | undefined> {
    const node = targetNode(found);
    const isOwn = node === '' || found.pod?.spec.runtimeClassName !== undefined;
    const key = isOwn ? targetKey(found) : targetKey({ node });
    const asked = this.#asked.get(key);
    const known = asked && Date.now() - asked.at < STANDS_MS ? await asked.clock : undefined;
    if (known) return known;
    const clock = readNodeClock(this.#access, place);
    this.#asked.set(key, { at: Date.now(), clock });
    return clock;
  }
}
