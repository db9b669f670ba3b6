import type { ResourceRequest } from './context.ts';
import { objectAt } from './json.ts';
import { namedObject } from './read.ts';
import { readObject } from './requestBody.ts';
import { respondJson } from './respond.ts';

const DEFAULT_LIFETIME_S = 3600;

/** POST of serviceaccounts/token: a bearer token for the service account. */
export async function createToken(request: ResourceRequest): Promise<void> {
  const account = namedObject(request);
  const body = await readObject(request.incoming);
  const spec = objectAt(body.spec);
  const seconds = Number(spec.expirationSeconds ?? DEFAULT_LIFETIME_S);
  const expires = new Date(Date.now() + seconds * 1000);
  const { name, namespace = '', uid } = account.metadata;
  respondJson(request.response, 201, {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { name, namespace, creationTimestamp: new Date().toISOString() },
    spec: { ...spec, expirationSeconds: seconds },
    status: {
      token: request.cluster.tokens.issue(namespace, name, uid, expires),
      expirationTimestamp: expires.toISOString(),
    },
  });
}
