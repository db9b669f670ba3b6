import { now, type Store } from '../store.ts';
import type { Pod } from './pod.ts';

/** Writes the events that a kubelet records about its pods. Equal events are counted instead of repeated. */
export class PodEvents {
  readonly #store: Store;
  readonly #node: string;
  readonly #names = new Map<string, string>();

  constructor(store: Store, node: string) {
    this.#store = store;
    this.#node = node;
  }

  /** `fieldPath` identifies the container, as in `spec.containers{main}`. Without it, the event is about the pod. */
  record(
    pod: Pod,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
    fieldPath?: string,
  ): void {
    const { name, namespace, uid, resourceVersion } = pod.metadata;
    const key = [uid, fieldPath, reason, message].join('\n');
    if (this.#countAgain(namespace, this.#names.get(key))) return;
    const eventName = nextEventName(name);
    this.#names.set(key, eventName);
    const time = now();
    this.#store.create('events', {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: eventName, namespace },
      involvedObject: {
        kind: 'Pod',
        namespace,
        name,
        uid,
        apiVersion: 'v1',
        resourceVersion,
        ...(fieldPath && { fieldPath }),
      },
      reason,
      message,
      source: { component: 'kubelet', host: this.#node },
      firstTimestamp: time,
      lastTimestamp: time,
      count: 1,
      type,
      eventTime: null,
      reportingComponent: 'kubelet',
      reportingInstance: this.#node,
    });
  }

  #countAgain(namespace: string, name: string | undefined): boolean {
    if (name === undefined) return false;
    const counted = this.#store.update('events', namespace, name, (event) => {
      event.count = Number(event.count) + 1;
      event.lastTimestamp = now();
      return event;
    });
    return counted !== undefined;
  }
}

/** The pod's name with the time in nanoseconds, as in the names of Kubernetes' events. */
export function nextEventName(pod: string): string {
  return `${pod}.${nanoseconds().toString(16)}`;
}

const startOfClock = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint();

function nanoseconds(): bigint {
  return startOfClock + process.hrtime.bigint();
}
