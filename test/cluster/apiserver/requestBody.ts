import type { IncomingMessage } from 'node:http';
import { load } from 'js-yaml';
import { isObject, type JsonObject } from './json.ts';
import { decodeProtobuf } from './protobuf.ts';
import { ApiError, badRequest, unsupportedMediaType } from './status.ts';

/** Larger requests are rejected, as by the real server. */
const LARGEST_BODY = 3 * 1024 * 1024;

/** Reads and decodes a JSON, YAML or protobuf body. Undefined if it is empty. */
export async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue;
    size += chunk.length;
    if (size > LARGEST_BODY) {
      throw new ApiError(
        413,
        'RequestEntityTooLarge',
        `Request entity too large: limit is ${LARGEST_BODY}`,
      );
    }
    chunks.push(chunk);
  }
  if (size === 0) return undefined;
  const type = request.headers['content-type'] ?? 'application/json';
  if (type.includes('cbor')) throw unsupportedMediaType(['application/json', 'application/yaml']);
  const bytes = Buffer.concat(chunks);
  try {
    if (type.includes('protobuf')) return decodeProtobuf(bytes);
    const text = bytes.toString('utf8');
    return type.includes('yaml') ? load(text) : JSON.parse(text);
  } catch (error) {
    throw badRequest(error instanceof Error ? error.message : String(error));
  }
}

/** The same for a body that must be an object. */
export async function readObject(request: IncomingMessage): Promise<JsonObject> {
  const body = await readBody(request);
  if (!isObject(body)) throw badRequest('the request body must be an object');
  return body;
}
