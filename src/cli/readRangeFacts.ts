import { readObjects } from '../topology/collect/apiObjects.ts';
import { readRanges } from '../topology/collect/readRanges.ts';
import { type ClusterFacts, newFacts } from '../topology/model/clusterFacts.ts';
import { connect } from './connect.ts';
import { notify, statusLine } from './console.ts';
import type { ConnectionValues } from './flags/connection.ts';
import { onInterruption } from './interruption.ts';

/** The ranges and addresses of a cluster that the API server knows. No node is entered. */
export async function readRangeFacts(flags: ConnectionValues): Promise<ClusterFacts> {
  const { api, namespace } = await connect(flags);
  const interruption = onInterruption();
  const line = statusLine();
  const { signal } = interruption;
  try {
    line.show('reading nodes, pods and services');
    const [{ objects, unknown }, read] = await Promise.all([
      readObjects(
        api,
        { namespace, services: true, withoutEndpoints: true, policies: false },
        signal,
      ),
      readRanges(api, { namespace, signal, onNote: notify }),
    ]);
    return newFacts({ ...objects, ranges: read.ranges }, [...unknown, ...read.unknown]);
  } finally {
    line.clear();
    interruption.release();
    api.close();
  }
}
