import type { ApiObjects } from './apiObjects.ts';
import type { NodeFacts } from './nodeFacts.ts';
import type { Unknown } from './unknown.ts';

/** The version of the format of `facts` in the JSON of the topology commands. */
export const FACTS_FORMAT = 'netdebug-facts/1';

/**
 * Everything that was collected of a cluster: plain data, which survives JSON unchanged. Tracing, findings
 * and rendering read nothing else.
 *
 * Throughout the model, an optional field that is absent was not read, and `unknown` says why where that
 * is not obvious; an empty list was read and holds nothing. Names, texts and addresses are as the node or
 * the API server gave them: they must be made safe for a terminal where they are printed.
 */
export interface ClusterFacts {
  readonly format: typeof FACTS_FORMAT;
  /** When collection began, by the clock of the machine that ran the command: RFC 3339. */
  readonly collectedAt: string;
  /** The nodes that were entered; those that were not are in `objects.nodes` alone. */
  readonly nodes: readonly NodeFacts[];
  readonly objects: ApiObjects;
  readonly unknown: readonly Unknown[];
}

/** Facts of which the collection begins now. */
export function newFacts(
  objects: ApiObjects,
  unknown: readonly Unknown[],
  nodes: readonly NodeFacts[] = [],
): ClusterFacts {
  return { format: FACTS_FORMAT, collectedAt: new Date().toISOString(), nodes, objects, unknown };
}
