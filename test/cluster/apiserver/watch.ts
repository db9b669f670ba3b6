import type { Writable } from 'node:stream';
import type { KubeObject } from '../store.ts';
import { type ResourceRequest, storedNamespace } from './context.ts';
import type { Change } from './history.ts';
import { checkListOptions } from './listOptions.ts';
import { matchingObjects } from './read.ts';
import { groupVersion } from './resources.ts';
import { apiHeaders } from './respond.ts';
import { type Selector, selectorOf } from './selectors.ts';
import { ApiError } from './status.ts';
import { tableOf, wantsTable } from './table.ts';

type EventType = 'ADDED' | 'MODIFIED' | 'DELETED';

const BOOKMARK_EVERY_MS = 10_000;
/** As in the real server, a watch without timeoutSeconds ends by itself after 30 to 60 minutes. */
const LONGEST_WATCH_S = 1800;

/** Streams the changes of a resource as JSON lines until the client disconnects or the time is over. */
export function watchObjects(request: ResourceRequest): void {
  const { cluster, query, response } = request;
  checkListOptions(request);
  const matches = selectorOf(request.resource, query);
  const start = Number(query.get('resourceVersion') || 0);
  response.writeHead(200, apiHeaders());
  response.flushHeaders();
  const write: Write = (type, object) => {
    // A watch that has ended receives no more events, although its connection stays open for a moment.
    if (response.writableEnded) return;
    response.write(`${JSON.stringify({ type, object })}\n`);
  };
  const send = sender(request, write);
  if (start > 0 && start < cluster.history.oldest) {
    endExpired(response, start, cluster.history.oldest);
    return;
  }
  const wantsBookmarks = query.get('allowWatchBookmarks') === 'true';
  const wantsInitial = query.get('sendInitialEvents') === 'true';
  if (start === 0 || wantsInitial) {
    for (const object of matchingObjects(request, matches)) send('ADDED', object);
    if (wantsInitial && wantsBookmarks) write('BOOKMARK', bookmark(request, true));
  } else {
    for (const change of cluster.history.since(start)) relay(request, change, matches, send);
  }
  const unsubscribe = cluster.history.subscribe((change) => {
    relay(request, change, matches, send);
  });
  const bookmarks = wantsBookmarks
    ? setInterval(() => write('BOOKMARK', bookmark(request, false)), BOOKMARK_EVERY_MS)
    : undefined;
  const seconds = Number(query.get('timeoutSeconds') || LONGEST_WATCH_S);
  const end = setTimeout(() => {
    if (wantsBookmarks) write('BOOKMARK', bookmark(request, false));
    response.end();
  }, seconds * 1000);
  response.on('close', () => {
    unsubscribe();
    clearInterval(bookmarks);
    clearTimeout(end);
  });
}

/** Writes one line of the watch. */
type Write = (type: EventType | 'BOOKMARK', object: unknown) => void;

function endExpired(body: Writable, version: number, oldest: number): void {
  const message = `too old resource version: ${version} (${oldest})`;
  const { status } = new ApiError(410, 'Expired', message);
  body.end(`${JSON.stringify({ type: 'ERROR', object: status })}\n`);
}

/** Sends the change as seen by this watch: leaving the selection is a deletion, entering it an addition. */
function relay(
  request: ResourceRequest,
  change: Change,
  matches: Selector,
  send: (type: EventType, object: KubeObject) => void,
): void {
  const namespace = storedNamespace(request);
  const { object, previous } = change;
  if (change.resource !== request.resource) return;
  if (namespace !== undefined && object.metadata.namespace !== namespace) return;
  const now = change.type !== 'DELETED' && matches(object);
  const before = previous ? matches(previous) : change.type === 'DELETED' && matches(object);
  if (now) send(before ? 'MODIFIED' : 'ADDED', object);
  else if (before) {
    const { resourceVersion } = object.metadata;
    const last = change.type === 'DELETED' ? object : (previous ?? object);
    send('DELETED', { ...last, metadata: { ...last.metadata, resourceVersion } });
  }
}

function sender(
  request: ResourceRequest,
  write: Write,
): (type: EventType, object: KubeObject) => void {
  const asTable = wantsTable(request);
  let first = true;
  return (type, object) => {
    const shown = asTable
      ? tableOf(request, [object], { resourceVersion: object.metadata.resourceVersion }, first)
      : object;
    first = false;
    write(type, shown);
  };
}

function bookmark({ cluster, kind }: ResourceRequest, initial: boolean): unknown {
  return {
    kind: kind.kind,
    apiVersion: groupVersion(kind),
    metadata: {
      resourceVersion: cluster.store.resourceVersion,
      ...(initial && { annotations: { 'k8s.io/initial-events-end': 'true' } }),
    },
    // An empty pod in Go's form.
    ...(kind.kind === 'Pod' && { spec: { containers: null }, status: {} }),
  };
}
