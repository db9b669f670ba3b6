import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCertificates, type TestCertificates } from './certificates.ts';
import { type LoggingServer, loggingServer } from './loggingServer.ts';
import { httpProxy, socksProxy, type TestProxy } from './proxies.ts';

/** The servers, proxies and certificates shared by all cases. */
export interface World {
  readonly folder: string;
  readonly certificates: TestCertificates;
  readonly server: LoggingServer;
  readonly plainServer: LoggingServer;
  readonly proxies: {
    readonly http: TestProxy;
    readonly https: TestProxy;
    readonly socks: TestProxy;
  };
  /** Waits until the requests of finished clients have been recorded. */
  quiet(): Promise<void>;
  close(): void;
}

export async function startWorld(): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'netdebug-kubeconfig-'));
  const certificates = makeCertificates(folder);
  const [server, plainServer] = [await loggingServer(certificates), await loggingServer()];
  const target = () => server.port;
  const proxies = {
    http: await httpProxy(target),
    https: await httpProxy(target, certificates),
    socks: await socksProxy(target),
  };
  const closing = [server, plainServer, proxies.http, proxies.https, proxies.socks];
  return {
    folder,
    certificates,
    server,
    plainServer,
    proxies,
    // Proxies first: their connections lead to the servers.
    quiet: async () => {
      for (const listener of [...Object.values(proxies), server, plainServer])
        await listener.closed();
    },
    close: () => {
      for (const listener of closing) listener.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** A kubeconfig of one user of this server, as read by kubectl. */
export function kubeconfigOf(
  { server, certificates }: World,
  user: object,
  { namespace, others = [] }: { readonly namespace?: string; readonly others?: object[] } = {},
): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'c',
    clusters: [
      {
        name: 'k',
        cluster: {
          server: `https://127.0.0.1:${server.port}`,
          'certificate-authority': certificates.authority.file,
        },
      },
    ],
    users: [...others, { name: 'u', user }],
    contexts: [
      {
        name: 'c',
        context: { cluster: 'k', user: 'u', ...(namespace !== undefined && { namespace }) },
      },
    ],
  });
}
