import { setTimeout as wait } from 'node:timers/promises';
import { PREFIX, type SwitchBoard, type Switches } from './switches.ts';
import type { Upstream } from './upstream.ts';

interface Namespace {
  readonly metadata: {
    readonly name: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

/** Switches in annotations of namespaces. `admin` may read and change namespaces. */
export class AnnotationSwitches implements SwitchBoard {
  readonly #admin: Upstream;
  #closed = false;

  constructor(admin: Upstream) {
    this.#admin = admin;
  }

  async read(namespace: string): Promise<Switches> {
    const object = await this.#admin.json('GET', pathOf(namespace));
    return object === undefined ? {} : switchesOf(object as Namespace);
  }

  async set(namespace: string, name: string, value: string | undefined): Promise<void> {
    const annotations = { [PREFIX + name]: value ?? null };
    await this.#admin.json('PATCH', pathOf(namespace), { metadata: { annotations } });
  }

  /** Calls `changed` with the switches of each namespace, now and whenever they change. */
  async watch(onChange: (namespace: string, switches: Switches) => void): Promise<void> {
    while (!this.#closed) {
      await this.#watchOnce(onChange).catch(() => undefined);
      await wait(100);
    }
  }

  async #watchOnce(onChange: (namespace: string, switches: Switches) => void): Promise<void> {
    const { authorization } = this.#admin;
    const outgoing = this.#admin.request('GET', '/api/v1/namespaces?watch=true', {
      ...(authorization && { authorization }),
    });
    outgoing.end();
    const response = await new Promise<AsyncIterable<Buffer>>((resolve, reject) =>
      outgoing.once('response', resolve).once('error', reject),
    );
    let rest = '';
    for await (const chunk of response) {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const { type, object } = JSON.parse(line) as { type: string; object: Namespace };
        if (type === 'ERROR' || this.#closed) return;
        onChange(object.metadata.name, switchesOf(object));
      }
    }
  }

  close(): void {
    this.#closed = true;
  }
}

function pathOf(namespace: string): string {
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}`;
}

function switchesOf({ metadata: { annotations = {} } }: Namespace): Switches {
  return Object.fromEntries(
    Object.entries(annotations).flatMap(([name, value]) =>
      name.startsWith(PREFIX) ? [[name.slice(PREFIX.length), value]] : [],
    ),
  );
}
