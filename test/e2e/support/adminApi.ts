import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import { load } from 'js-yaml';
import { world } from './world.ts';

/**
 * One request of the local cluster's administrator: what takes kubectl 200 ms takes 5, which counts
 * where there are dozens of cases. Gives the answer's body; throws unless it succeeds.
 */
export async function adminCall(
  method: 'GET' | 'POST' | 'PATCH',
  path: string,
  body?: unknown,
): Promise<unknown> {
  const { server, ...tls } = administrator();
  const answer = await new Promise<{ code: number; said: string }>((resolve, reject) => {
    const outgoing = request(new URL(path, server), {
      ...tls,
      method,
      headers: {
        'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json',
      },
    });
    outgoing.once('error', reject);
    outgoing.once('response', (response) =>
      text(response).then((said) => resolve({ code: response.statusCode ?? 0, said }), reject),
    );
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
  if (answer.code >= 300) throw new Error(`${method} ${path}: ${answer.code} ${answer.said}`);
  return JSON.parse(answer.said);
}

interface Kubeconfig {
  readonly clusters: readonly [{ readonly cluster: Readonly<Record<string, string>> }];
  readonly users: readonly [{ readonly user: Readonly<Record<string, string>> }];
}

function administrator() {
  const { clusters, users } = load(readFileSync(world.kubeconfig, 'utf8')) as Kubeconfig;
  const [{ cluster }] = clusters;
  const [{ user }] = users;
  const decoded = (data: string | undefined) => Buffer.from(data ?? '', 'base64');
  return {
    server: cluster.server,
    ca: decoded(cluster['certificate-authority-data']),
    cert: decoded(user['client-certificate-data']),
    key: decoded(user['client-key-data']),
  };
}
