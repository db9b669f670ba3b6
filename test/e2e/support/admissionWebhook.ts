import { mkdtemp, readFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { load } from 'js-yaml';
import { makeAuthority, signedBy } from '../../cluster/apiserver/certificates.ts';
import { type AtEnd, world } from './world.ts';

interface Container {
  readonly securityContext?: { readonly capabilities?: { readonly add?: readonly string[] } };
}

/** The request in an AdmissionReview that a webhook decides on. */
export interface DeniedRequest {
  readonly uid: string;
  readonly name?: string;
  readonly object?: {
    readonly spec?: {
      readonly containers?: readonly Container[];
      readonly ephemeralContainers?: readonly Container[];
    };
  };
}

/** Why a request is denied, and the HTTP status. */
interface Refusal {
  readonly message: string;
  readonly code?: number;
}

/**
 * Starts a validating webhook on this machine, at an address that the API server can reach. It ends with the test.
 * Returns its URL, and the certificate of the authority that signed its certificate.
 */
export async function startWebhook(
  judge: (request: DeniedRequest) => Refusal | undefined,
  atEnd: AtEnd,
): Promise<{ readonly url: string; readonly authority: string }> {
  const address = await addressForApiServer();
  const folder = await mkdtemp(join(world.folder, 'webhook-'));
  const authority = await makeAuthority(folder, 'ca', '/CN=netdebug-test-webhooks');
  const names = ['extendedKeyUsage=serverAuth', `subjectAltName=IP:${address}`];
  const { key, certificate } = await signedBy('ca', folder, 'webhook', '/CN=webhook', names);
  const server = createServer({ key, cert: certificate }, async (incoming, outgoing) => {
    const { request } = (await json(incoming)) as { request: DeniedRequest };
    const status = judge(request);
    outgoing.setHeader('content-type', 'application/json');
    outgoing.end(
      JSON.stringify({
        apiVersion: 'admission.k8s.io/v1',
        kind: 'AdmissionReview',
        response: { uid: request.uid, allowed: status === undefined, status },
      }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  atEnd(() => {
    server.close();
    server.closeAllConnections();
  });
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('the webhook has no port');
  return { url: `https://${address}:${bound.port}/`, authority: authority.certificate };
}

/** This machine's address in the network through which it reaches the API server. */
async function addressForApiServer(): Promise<string> {
  const { clusters } = load(await readFile(world.kubeconfig, 'utf8')) as {
    clusters: readonly [{ readonly cluster: { readonly server: string } }];
  };
  const { hostname, port } = new URL(clusters[0].cluster.server);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port || 443), hostname, () => {
      resolve(socket.localAddress ?? '');
      socket.destroy();
    });
    socket.once('error', reject);
  });
}
