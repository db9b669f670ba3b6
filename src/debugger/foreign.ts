import type { NonStatusError } from '../kube/apiError.ts';
import { Problem } from '../problem.ts';

/** How much of a response is quoted: it may be a whole page. */
const QUOTED_CHARACTERS = 100;

/** Messages from the kubelet itself, for an exec that the API server forwarded. */
const OF_KUBELET = /^Forbidden \(user=|^Debug endpoints are disabled|container not found/;

/**
 * Whether a response comes from something between this client and the API server. Overloaded servers and rate limits
 * (429) also answer without a Status, and so do kubelets.
 */
export function isForeign({ code, serverMessage }: NonStatusError): boolean {
  return code < 500 && code !== 401 && code !== 429 && !OF_KUBELET.test(serverMessage);
}

/** Says that something in between answered, where it is, and what to do about it. */
export function explainForeign(error: NonStatusError, what = 'the request'): Problem {
  const { server } = error;
  return new Problem(
    `${what} does not reach the API server: something in between, at ${server.host}, responded with ${answerOf(error)}`,
    { kind: 'unreachable', next: isLoopback(server) ? LOOPBACK : REMOTE, cause: error },
  );
}

const LOOPBACK = [
  'kubectl proxy refuses exec and attach by default. If this is kubectl proxy, start it with',
  "kubectl proxy --reject-paths='^$'",
  'or connect to the API server directly, with another --server, --context or --kubeconfig',
];

const REMOTE = [
  'a proxy, gateway or firewall in front of the API server must let this request pass; for exec:',
  'GET /api/v1/namespaces/NAMESPACE/pods/POD/exec, upgraded to a websocket',
];

function answerOf({ code, serverMessage }: NonStatusError): string {
  const [line = ''] = serverMessage.split('\n');
  const quoted = line.length > QUOTED_CHARACTERS ? `${line.slice(0, QUOTED_CHARACTERS)}…` : line;
  return serverMessage.startsWith('the server answered ')
    ? `${code}`
    : `${code} "${quoted.trim()}"`;
}

/** URL.hostname has brackets around IPv6 addresses. */
function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || /^127\.\d+\.\d+\.\d+$/.test(hostname) || hostname === '[::1]';
}
