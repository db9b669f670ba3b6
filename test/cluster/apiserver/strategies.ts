import { namespaces } from './namespaces.ts';
import { pods } from './pods.ts';
import type { Strategy } from './strategy.ts';

const STRATEGIES: Readonly<Record<string, Strategy>> = { namespaces, pods };

export function strategyOf(resource: string): Strategy {
  return STRATEGIES[resource] ?? {};
}
