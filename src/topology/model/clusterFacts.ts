import type { ApiObjects } from './apiObjects.ts';
import type { NodeFacts } from './nodeFacts.ts';
import type { Unknown } from './unknown.ts';

/** The format version of `facts` in the JSON of the topology commands. */
export const FACTS_FORMAT = 'netdebug-facts/1';

/**
 * Everything that was collected from a cluster, as plain data that survives JSON unchanged. Tracing, findings and
 * rendering read nothing else.
 *
 * Throughout the model, an absent optional field was not read; `unknown` says why if it is not obvious. An empty
 * list was read and is empty. Names, texts and addresses are unchanged from the node or the API server: make them
 * safe for a terminal when printing them.
 */
export interface ClusterFacts {
  readonly format: typeof FACTS_FORMAT;
  /** When the collection began, by the clock of the computer that ran the command: RFC 3339. */
  readonly collectedAt: string;
  /** The nodes that were entered. Other nodes are only in `objects.nodes`. */
  readonly nodes: readonly NodeFacts[];
  readonly objects: ApiObjects;
  readonly unknown: readonly Unknown[];
}

/** Creates facts with the current time as start of the collection. */
export function newFacts(
  objects: ApiObjects,
  unknown: readonly Unknown[],
  nodes: readonly NodeFacts[] = [],
): ClusterFacts {
  return { format: FACTS_FORMAT, collectedAt: new Date().toISOString(), nodes, objects, unknown };
}
