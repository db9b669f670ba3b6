import { nextEventName } from '../kubelet/podEvents.ts';
import { type KubeObject, now, type Store } from '../store.ts';

/** Writes an event about an object, as controllers do. Equal events are counted. */
export function recordEvent(
  store: Store,
  event: {
    readonly component: string;
    readonly host?: string;
    readonly about: KubeObject;
    readonly type: 'Normal' | 'Warning';
    readonly reason: string;
    readonly message: string;
  },
): void {
  const { component, host, about, type, reason, message } = event;
  const { name, namespace, uid, resourceVersion } = about.metadata;
  // Events about cluster-scoped objects need a namespace, too.
  const home = namespace ?? 'default';
  const time = now();
  const same = lastEvents.get(store)?.get(`${uid} ${reason} ${message}`);
  const counted =
    same !== undefined &&
    store.update('events', home, same, (object) => ({
      ...object,
      count: Number(object.count) + 1,
      lastTimestamp: time,
    }));
  if (counted) return;
  const eventName = nextEventName(name);
  const known = lastEvents.get(store) ?? new Map<string, string>();
  lastEvents.set(store, known.set(`${uid} ${reason} ${message}`, eventName));
  store.create('events', {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: eventName, namespace: home },
    involvedObject: {
      kind: about.kind,
      ...(namespace !== undefined && { namespace }),
      name,
      uid,
      apiVersion: about.apiVersion,
      resourceVersion,
    },
    reason,
    message,
    source: { component, ...(host !== undefined && { host }) },
    firstTimestamp: time,
    lastTimestamp: time,
    count: 1,
    type,
    eventTime: null,
    reportingComponent: component,
    reportingInstance: host ?? '',
  });
}

const lastEvents = new WeakMap<Store, Map<string, string>>();
