import { randomInt } from 'node:crypto';
import { isObject, type JsonObject, objectAt, objectsAt, stringAt } from '../json.ts';
import { recording, renamed } from '../recording.ts';
import type { Answer, Call, TestServer } from '../testServer.ts';

const LETTERS = 'bcdfghjklmnpqrstvwxz2456789';
/** Recorded names that a replay changes. Their order stays the same, because lists are sorted by name. */
const RECORDED = [
  ...['a', 'nonroot', 'quota', 'multi-1', 'p', 'static-node-1', 'nope'],
  ...['rec', 'psa-baseline', 'psa-restricted'],
  ...['main', 'nginx', 'side', 'dbg', 'x5', 'x6', 'noimg', 'rec-dbg', 'Bad_Name'],
] as const;

export type RecordedName = (typeof RECORDED)[number];

/** A server, and names for the recorded objects that are unique on it. */
export class Scene {
  readonly server: TestServer;
  readonly names: Readonly<Record<RecordedName, string>>;

  constructor(server: TestServer) {
    this.server = server;
    const suffix = Array.from({ length: 6 }, () => LETTERS[randomInt(LETTERS.length)]).join('');
    const named = RECORDED.map((name) => [
      name,
      `${name}${name.includes('_') ? '_' : '-'}${suffix}`,
    ]);
    this.names = Object.fromEntries(named) as Record<RecordedName, string>;
  }

  /** A recording with this scene's names. */
  recorded(name: string): JsonObject {
    return objectAt(renamed(recording(name), { ...this.names, 'nobody@example.com': 'nobody' }));
  }

  path(pod: RecordedName | '' = '', rest = '', namespace: RecordedName = 'rec'): string {
    const base = `/api/v1/namespaces/${this.names[namespace]}/pods`;
    return [base, pod && this.names[pod], rest].filter(Boolean).join('/');
  }

  /** A request that prepares the scene. Throws unless it succeeds. */
  async must(path: string, call: Call): Promise<Answer> {
    const answer = await this.server.call(path, call);
    if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${answer.text}`);
    return answer;
  }

  async makeNamespace(name: RecordedName = 'rec', labels: Record<string, string> = {}) {
    const metadata = { name: this.names[name] };
    await this.must('/api/v1/namespaces', { method: 'POST', body: { metadata } });
    if (Object.keys(labels).length === 0) return;
    await this.must(`/api/v1/namespaces/${this.names[name]}`, {
      method: 'PATCH',
      contentType: 'application/merge-patch+json',
      body: { metadata: { labels } },
    });
  }

  /**
   * Creates a recorded pod again: creates it from its spec, adds its debuggers one by one, and writes the status as its
   * kubelet did.
   */
  async makePod(pod: unknown, annotations: Record<string, string> = {}): Promise<void> {
    const { metadata, spec, status } = objectAt(pod);
    const { name, namespace, labels } = objectAt(metadata);
    const { ephemeralContainers, ...created } = objectAt(spec);
    const pods = `/api/v1/namespaces/${namespace}/pods`;
    await this.must(pods, {
      method: 'POST',
      body: {
        kind: 'Pod',
        apiVersion: 'v1',
        metadata: { name, labels, annotations },
        spec: created,
      },
    });
    for (const container of objectsAt(ephemeralContainers).toReversed()) {
      await this.addDebugger(`${pods}/${name}`, container);
    }
    if (isObject(status)) {
      await this.must(`${pods}/${name}/status`, {
        method: 'PATCH',
        contentType: 'application/merge-patch+json',
        body: { status },
      });
    }
  }

  addDebugger(pod: string, container: JsonObject, query = ''): Promise<Answer> {
    return this.server.call(`${pod}/ephemeralcontainers${query}`, {
      method: 'PATCH',
      contentType: 'application/strategic-merge-patch+json',
      body: { spec: { ephemeralContainers: [container] } },
    });
  }
}

/** The pods of a recorded list, by their index in it. */
export function itemsOf(recorded: JsonObject): JsonObject[] {
  return objectsAt(objectAt(recorded.body).items).map((item) => ({
    ...item,
    metadata: { ...objectAt(item.metadata), name: stringAt(objectAt(item.metadata).name) },
  }));
}
