import { expect, it, vi } from 'vitest';
import { Clients } from '../../../../src/capture/live/clients.ts';
import type { KubeApi } from '../../../../src/kube/api.ts';
import { ApiError, connectionProblem } from '../../../../src/kube/apiError.ts';
import type { Pod } from '../../../../src/kube/pod.ts';
import { parsePeer, peerInNamespace } from '../../../../src/kube/targets/peers.ts';
import { watchPeers } from '../../../../src/kube/targets/watchPeers.ts';
import { podWith } from '../../debugger/pods.ts';
import { callTo, pcap } from './calls.ts';

vi.mock('../../../../src/kube/watch.ts', () => ({
  watch: async function* () {
    yield {};
  },
}));

/** An API server that is unreachable, then fails, and then gives these answers. */
function unsteady(answers: (path: string) => unknown): KubeApi {
  const failures: Error[] = [
    connectionProblem(new URL('https://x'), new Error('read ECONNRESET')),
    new ApiError(500, 'InternalError', 'etcdserver: leader changed'),
  ];
  const get = async (path: string) => {
    const failure = failures.shift();
    if (failure) throw failure;
    return answers(path);
  };
  return { access: { namespace: 'shop' }, get } as unknown as KubeApi;
}

const { signal } = new AbortController();
const at = (name: string, podIP?: string) =>
  podWith({ metadata: { name, uid: name }, ...(podIP !== undefined && { status: { podIP } }) });

it('clients are found after the server comes back', async () => {
  const api = unsteady(() => ({ items: [at('caller', '10.0.0.9')], metadata: {} }));
  const clients = new Clients(api, 'shop', () => {});
  const web: Pod = at('web', '10.0.0.1');
  const inner = { output: { write: async () => {}, close: async () => {} }, end: () => {} };
  await clients
    .watchSink({ pod: web }, inner)
    .output.write(Buffer.concat([pcap(), callTo('10.0.0.9', '10.0.0.1')]));
  const { value } = await clients.find(signal).next();
  expect(value?.pod.metadata.name).toBe('caller');
});

it('new addresses of a peer are found too, even while another peer has none', async () => {
  const api = unsteady((path) => (path.endsWith('/a') ? at('a', '10.0.0.2') : at('b')));
  const peers = ['pod/a', 'pod/b'].map((word) => peerInNamespace(parsePeer(word), 'shop'));
  const changes: (readonly string[])[] = [];
  for await (const terms of watchPeers(api, peers, ['host 10.0.0.1'], signal)) changes.push(terms);
  expect(changes).toEqual([['host 10.0.0.2']]);
});
