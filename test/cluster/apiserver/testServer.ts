import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import type { Runtime } from '../runtime.ts';
import { Store } from '../store.ts';
import { valueAt } from './json.ts';
import { startApiServer } from './server.ts';

/** The server's response. `body` is parsed if it is JSON. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: unknown;
  readonly text: string;
}

export interface Call {
  readonly method?: string;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly accept?: string;
  /** A user of the kubeconfig files. The default is `admin-token`. */
  readonly user?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A kubeconfig file of a proxy in front of the server. The default is the server itself. */
  readonly through?: string;
  /** Ends an endless response after this many lines. */
  readonly lines?: number;
}

/** An API server with a runtime that runs commands on this machine, and a client for tests. */
export interface TestServer {
  readonly store: Store;
  readonly kubeconfigs: Readonly<Record<string, string>>;
  call(path: string, call?: Call): Promise<Answer>;
  /** Opens a websocket. Waits for nothing, so that no early frame is lost. */
  websocket(
    path: string,
    protocols: readonly string[],
    user?: string,
    through?: string,
  ): Promise<WebSocket>;
  close(): Promise<void>;
}

export async function startTestServer(runtime: Partial<Runtime> = {}): Promise<TestServer> {
  const folder = await mkdtemp(join(tmpdir(), 'netdebug-apiserver-'));
  const store = new Store();
  const server = await startApiServer({
    store,
    runtime: { ...localRuntime(store), ...runtime },
    host: '127.0.0.1',
    folder,
  });
  const authority = await readFile(join(folder, 'ca.crt'));
  const tokenOf = async (user: string) => {
    const path = server.kubeconfigs[user];
    if (path === undefined) throw new Error(`no kubeconfig of ${user}`);
    const [first] = [valueAt(JSON.parse(await readFile(path, 'utf8')), ['users'])].flat();
    return String(valueAt(first, ['user', 'token']));
  };
  const endpointOf = async (kubeconfig: string | undefined) => {
    if (kubeconfig === undefined) return { port: server.port, ca: authority };
    const config: unknown = JSON.parse(await readFile(kubeconfig, 'utf8'));
    const [first] = [valueAt(config, ['clusters'])].flat();
    const ca = String(valueAt(first, ['cluster', 'certificate-authority-data']));
    const { port } = new URL(String(valueAt(first, ['cluster', 'server'])));
    return { port: Number(port), ca: Buffer.from(ca, 'base64') };
  };

  return {
    store,
    kubeconfigs: server.kubeconfigs,

    async call(
      path,
      {
        method = 'GET',
        body,
        contentType,
        accept,
        user,
        headers,
        through,
        lines = Number.POSITIVE_INFINITY,
      } = {},
    ) {
      const token = await tokenOf(user ?? 'admin-token');
      const endpoint = await endpointOf(through);
      return new Promise((resolve, reject) => {
        const outgoing = httpsRequest(
          {
            host: '127.0.0.1',
            ...endpoint,
            path,
            method,
            headers: {
              authorization: `Bearer ${token}`,
              'content-type': contentType ?? 'application/json',
              ...(accept && { accept }),
              ...headers,
            },
          },
          (response) => {
            const chunks: Buffer[] = [];
            let missing = lines;
            const done = () => {
              const text = Buffer.concat(chunks).toString();
              resolve({
                status: response.statusCode ?? 0,
                headers: response.headers,
                body: parsed(text),
                text,
              });
            };
            response.on('data', (chunk: Buffer) => {
              chunks.push(chunk);
              missing -= chunk.filter((byte) => byte === 0x0a).length;
              if (missing <= 0) {
                done();
                response.destroy();
              }
            });
            response.on('error', reject);
            response.on('end', done);
          },
        );
        outgoing.on('error', reject);
        outgoing.end(body === undefined ? undefined : JSON.stringify(body));
      });
    },

    async websocket(path, protocols, user = 'admin-token', through = undefined) {
      const { port, ca } = await endpointOf(through);
      return new WebSocket(`wss://127.0.0.1:${port}${path}`, [...protocols], {
        ca,
        headers: { authorization: `Bearer ${await tokenOf(user)}` },
        perMessageDeflate: false,
      });
    },

    async close() {
      await server.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** Every container of a running pod is this machine. */
function localRuntime(store: Store): Runtime {
  const nowhere = () => Promise.reject(new Error('there is no streaming server'));
  return {
    container(namespace, name, container) {
      const pod = store.get('pods', namespace, name);
      const statuses = ['containerStatuses', 'ephemeralContainerStatuses'].flatMap((list) => {
        const found = valueAt(pod, ['status', list]);
        return Array.isArray(found) ? found : [];
      });
      const runs = statuses.some(
        (status) =>
          valueAt(status, ['name']) === container && valueAt(status, ['state', 'running']),
      );
      if (!runs) return undefined;
      return {
        execUrl: nowhere,
        attachUrl: nowhere,
        spawn: ([program = '', ...args]) => spawn(program, args, { stdio: 'pipe' }),
      };
    },
    portForwardUrl: nowhere,
    logFile: () => undefined,
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
