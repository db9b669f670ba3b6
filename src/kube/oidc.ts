import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { text } from 'node:stream/consumers';
import { messageOf, Problem } from '../problem.ts';
import { fileOrData } from './configFile.ts';
import type { CredentialSource } from './credentialSource.ts';
import type { UserOrigin } from './kubeconfig.ts';
import { chooseProxy } from './proxyChoice.ts';
import { saveProviderConfig } from './saveProviderConfig.ts';
import { systemCertificates } from './systemCertificates.ts';

type Config = Readonly<Record<string, string>>;

/** As in kubectl, a token is renewed this long before it expires, because clocks differ. */
const EXPIRY_MARGIN_MS = 10_000;
const TIMEOUT_MS = 30_000;
/** How much of an identity provider's error is shown. Its answers are short, but it may send a whole error page. */
const MAX_SHOWN_CHARACTERS = 80;

/**
 * The ID token of an oidc auth provider. An expired token is renewed with the refresh token. Both are saved in the
 * kubeconfig, as kubectl does, because many providers accept a refresh token only once. Throws a Problem with kubectl's
 * wording.
 */
export function oidcSource(
  initialConfig: Config,
  origin: UserOrigin | undefined,
): CredentialSource {
  for (const name of ['idp-issuer-url', 'client-id'])
    if (!initialConfig[name]) throw new Problem(`Must provide ${name}`, { kind: 'configuration' });
  let config = initialConfig;
  let renewing: Promise<void> | undefined;
  const renew = async () => {
    const fresh = await refreshTokens(config);
    if (origin) await saveProviderConfig(origin, fresh);
    config = fresh;
  };
  return {
    current: async () => {
      try {
        if (!isTokenValid(config['id-token'])) {
          renewing ??= renew().finally(() => {
            renewing = undefined;
          });
          await renewing;
        }
      } catch (error) {
        throw new Problem(`Unable to connect to the server: ${messageOf(error)}`, {
          kind: 'unauthenticated',
          cause: error,
        });
      }
      return { authorization: `Bearer ${config['id-token']}` };
    },
  };
}

function isTokenValid(token: string | undefined): boolean {
  if (!token) return false;
  const parts = token.split('.');
  if (parts.length !== 3) throw new Error('ID Token is not a valid JWT');
  const claims = JSON.parse(Buffer.from(parts[1] ?? '', 'base64url').toString()) as {
    exp?: number;
  };
  return Date.now() + EXPIRY_MARGIN_MS < Number(claims.exp) * 1000;
}

async function refreshTokens(config: Config): Promise<Config> {
  const refreshToken = config['refresh-token'];
  if (!refreshToken) throw new Error('No valid id-token, and cannot refresh without refresh-token');
  const ca = fileOrData(
    config['idp-certificate-authority'],
    config['idp-certificate-authority-data'],
  );
  const endpoint = await tokenEndpoint(config['idp-issuer-url'] ?? '', ca);
  const form = { grant_type: 'refresh_token', refresh_token: refreshToken };
  const { id_token: idToken, refresh_token: next } = await requestTokens(
    endpoint,
    config,
    form,
    ca,
  );
  if (!idToken)
    throw new Error(
      'token response did not contain an id_token, either the scope "openid" wasn\'t requested upon login, or the provider doesn\'t support id_tokens as part of the refresh response',
    );
  return { ...config, 'id-token': idToken, ...(next && { 'refresh-token': next }) };
}

/** OpenID Connect discovery: the endpoint that accepts refresh tokens. */
async function tokenEndpoint(issuer: string, ca: Buffer | undefined): Promise<string> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const { status, body } = await sendRequest(url, { ca });
  if (status !== 200)
    throw new Error(
      `oidc: failed to query metadata endpoint ${status}: ${JSON.stringify(body.slice(0, MAX_SHOWN_CHARACTERS))}`,
    );
  const { token_endpoint: endpoint } = parseJson<{ token_endpoint?: string }>(
    body,
    'oidc: failed to decode provider discovery object',
  );
  if (!endpoint) throw new Error("oidc: discovery object doesn't contain a token_endpoint");
  return endpoint;
}

interface TokenResponse {
  readonly id_token?: string;
  readonly refresh_token?: string;
}

/** Sends the client's ID and secret in the header. If the provider rejects that, sends them in the form. */
async function requestTokens(
  endpoint: string,
  config: Config,
  form: Record<string, string>,
  ca: Buffer | undefined,
): Promise<TokenResponse> {
  const [id, secret] = [config['client-id'] ?? '', config['client-secret'] ?? ''];
  const basic = Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`);
  const authorization = `Basic ${basic.toString('base64')}`;
  let response = await sendRequest(endpoint, { ca, form, headers: { authorization } });
  if (response.status >= 400) {
    const formWithClient = { ...form, client_id: id, ...(secret && { client_secret: secret }) };
    response = await sendRequest(endpoint, { ca, form: formWithClient });
  }
  if (response.status >= 300)
    throw new Error(
      `failed to refresh token: oauth2: cannot fetch token: ${response.status}\nResponse: ${response.body.slice(0, MAX_SHOWN_CHARACTERS)}`,
    );
  return parseJson<TokenResponse>(
    response.body,
    'failed to refresh token: oauth2: cannot parse json',
  );
}

function parseJson<T>(body: string, errorPrefix: string): T {
  try {
    return JSON.parse(body) as T;
  } catch (error) {
    throw new Error(`${errorPrefix}: ${messageOf(error)}`);
  }
}

async function sendRequest(
  uri: string,
  options: {
    ca: Buffer | undefined;
    form?: Record<string, string>;
    headers?: Record<string, string>;
  },
): Promise<{ status: number; body: string }> {
  const url = new URL(uri);
  const { ca, form, headers } = options;
  const proxy = chooseProxy(url, undefined);
  const agent = proxy
    ? (await import('./proxyAgent.ts')).proxyAgent(url, proxy, { rejectUnauthorized: true }, {})
    : undefined;
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>();
  const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(
    url,
    {
      method: form ? 'POST' : 'GET',
      headers: { ...headers, ...(form && { 'content-type': 'application/x-www-form-urlencoded' }) },
      timeout: TIMEOUT_MS,
      ca: ca ?? systemCertificates(),
      ...(agent && { agent }),
    },
    (response) =>
      text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject),
  );
  request.once('timeout', () => request.destroy(new Error(`no answer from ${url.host}`)));
  request.once('error', (error) => reject(new Error(`${url.origin}: ${error.message}`)));
  request.end(form && new URLSearchParams(form).toString());
  return promise;
}
