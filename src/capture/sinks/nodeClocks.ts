import type { ContainerRef } from '../../debugger/leasedProcess.ts';
import type { Access } from '../../kube/authentication.ts';
import { type ResolvedTarget, targetKey, targetNode } from '../../kube/targets/resolvedTarget.ts';
import { type NodeClock, readNodeClock } from './nodeClock.ts';

/** How long an answer is reused. Clocks are adjusted, and drift. */
const REUSE_MS = 60_000;

/**
 * The clocks of many targets' nodes. Targets on the same node share an answer, because each reading is an exec. Pods
 * with their own kernel (a runtime class) have their own clock.
 */
export class NodeClocks {
  readonly #access: Access;
  readonly #readings = new Map<string, { at: number; clock: Promise<NodeClock | undefined> }>();

  constructor(access: Access) {
    this.#access = access;
  }

  /** The clock of a target's node; undefined if it cannot be read. */
  async get(target: ResolvedTarget, ref: ContainerRef): Promise<NodeClock | undefined> {
    const node = targetNode(target);
    const hasOwnClock = node === '' || target.pod?.spec.runtimeClassName !== undefined;
    const key = hasOwnClock ? targetKey(target) : targetKey({ node });
    const reading = this.#readings.get(key);
    const known = reading && Date.now() - reading.at < REUSE_MS ? await reading.clock : undefined;
    if (known) return known;
    const clock = readNodeClock(this.#access, ref);
    this.#readings.set(key, { at: Date.now(), clock });
    return clock;
  }
}
