import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { unauthorized } from './status.ts';
import type { Tokens } from './tokens.ts';
import { ANONYMOUS, authenticated, type User } from './users.ts';

/** The websocket subprotocol that browsers use to send a bearer token. */
export const BEARER_PROTOCOL = 'base64url.bearer.authorization.k8s.io.';

/**
 * The sender of the request, according to the client certificate, else the bearer token, else anonymous. Throws 401.
 */
export function authenticate(request: IncomingMessage, tokens: Tokens): User {
  const byCertificate = certificateUser(request);
  if (byCertificate) return byCertificate;
  const token = bearerToken(request);
  if (token === undefined) return ANONYMOUS;
  const user = tokens.userOf(token);
  if (!user) throw unauthorized();
  return user;
}

function certificateUser(request: IncomingMessage): User | undefined {
  const { socket } = request;
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  const subject = socket.getPeerCertificate().subject;
  const name = [subject.CN ?? []].flat()[0];
  return name === undefined ? undefined : authenticated(name, [subject.O ?? []].flat());
}

function bearerToken(request: IncomingMessage): string | undefined {
  const [, token] = /^Bearer\s+(\S+)\s*$/i.exec(request.headers.authorization ?? '') ?? [];
  if (token !== undefined) return token;
  const protocols = (request.headers['sec-websocket-protocol'] ?? '').split(',');
  const carrier = protocols.map((p) => p.trim()).find((p) => p.startsWith(BEARER_PROTOCOL));
  return carrier && Buffer.from(carrier.slice(BEARER_PROTOCOL.length), 'base64url').toString();
}
