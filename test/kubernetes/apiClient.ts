import { text } from 'node:stream/consumers';
import { Upstream } from '../faults/upstream.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/**
 * Plain requests of a user with a token or a client certificate. They take 5 ms instead of kubectl's 200 ms, which
 * matters for dozens of requests.
 */
export class ApiClient {
  readonly #server: Upstream;

  constructor(kubeconfig: string) {
    this.#server = new Upstream(kubeconfig);
  }

  /** Returns the response body. Throws unless the request succeeds. A patch is a merge patch. */
  async call(method: Method, path: string, body?: unknown): Promise<string> {
    const { authorization } = this.#server;
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const answer = await new Promise<{ code: number; body: string }>((resolve, reject) => {
      const headers = { 'content-type': type, ...(authorization && { authorization }) };
      const outgoing = this.#server.request(method, path, headers);
      outgoing.once('error', reject);
      outgoing.once('response', (response) =>
        text(response).then((body) => resolve({ code: response.statusCode ?? 0, body }), reject),
      );
      outgoing.end(body === undefined ? undefined : JSON.stringify(body));
    });
    if (answer.code >= 300) throw new Error(`${method} ${path}: ${answer.code} ${answer.body}`);
    return answer.body;
  }

  close(): void {
    this.#server.close();
  }
}
