import type { IncomingMessage, ServerResponse } from 'node:http';
import { respondDiscovery } from './discovery.ts';
import { openapiDocument } from './openapi.ts';
import { openapiV2Document } from './openapiV2.ts';
import { respondJson, respondProtobuf, respondText } from './respond.ts';
import { noSuchResource } from './status.ts';
import { VERSION } from './version.ts';

const HEALTH = new Set(['/healthz', '/livez', '/readyz']);

/** Answers requests that are not about a resource: discovery, health, version. Throws 404 for other paths. */
export function handlePath(request: IncomingMessage, response: ServerResponse, path: string): void {
  const plain = path.length > 1 ? path.replace(/\/$/, '') : path;
  const document = plain === '/version' ? VERSION : openapiDocument(plain);
  if (HEALTH.has(plain)) respondText(response, 200, 'ok');
  else if (plain === '/openapi/v2') respondProtobuf(response, openapiV2Document());
  else if (document !== undefined) respondJson(response, 200, document);
  else if (!/^\/apis?(\/|$)/.test(plain)) respondText(response, 404, '404 page not found\n');
  else if (!respondDiscovery(request, response, plain)) throw noSuchResource();
}
