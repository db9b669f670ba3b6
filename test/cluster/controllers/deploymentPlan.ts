import { objectAt } from '../apiserver/json.ts';
import type { KubeObject } from '../store.ts';

/** The wanted number of pods, and how far the number may differ during a rollout. */
export interface Plan {
  readonly replicas: number;
  readonly most: number;
  readonly least: number;
  readonly recreates: boolean;
}

/** The plan for a deployment's strategy. */
export function planOf({ spec }: KubeObject): Plan {
  const replicas = Number(objectAt(spec).replicas ?? 1);
  const strategy = objectAt(objectAt(spec).strategy);
  const { maxSurge, maxUnavailable } = objectAt(strategy.rollingUpdate);
  const recreates = strategy.type === 'Recreate';
  const surge = recreates ? 0 : portion(maxSurge, replicas, Math.ceil);
  const unavailable = recreates ? replicas : portion(maxUnavailable, replicas, Math.floor);
  // Without a margin in either direction, nothing could ever be replaced.
  const room = surge === 0 && unavailable === 0 ? 1 : unavailable;
  return { replicas, most: replicas + surge, least: Math.max(0, replicas - room), recreates };
}

function portion(value: unknown, of: number, round: (share: number) => number): number {
  const text = String(value ?? 0);
  return text.endsWith('%') ? round((Number(text.slice(0, -1)) / 100) * of) : Number(text);
}
