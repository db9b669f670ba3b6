import { isIP } from 'node:net';
import { allOf, anyOf, type CaptureFilter, test } from '../../filters/capture/captureFilter.ts';
import { parseNetwork } from '../../filters/network.ts';
import { Problem, wrongUsage } from '../../problem.ts';
import type { KubeApi } from '../api.ts';
import { isApiError } from '../apiError.ts';
import { listAll } from '../listAll.ts';
import { mapConcurrently } from '../mapConcurrently.ts';
import type { Pod } from '../pod.ts';
import { hasFinished } from '../pod.ts';
import { getObject } from './getObject.ts';
import { kindByName } from './kinds.ts';
import {
  type GroupTarget,
  type NamedTarget,
  type ParsedName,
  parseTarget,
  targetInNamespace,
} from './parseTargets.ts';
import { podQuery } from './podQuery.ts';
import {
  type EndpointSlice,
  endpointSliceSelector,
  endpointSlicesPath,
} from './serviceEndpoints.ts';

type AddressPeer =
  | { readonly kind: 'address'; readonly text: string }
  | { readonly kind: 'network'; readonly text: string };

/**
 * The other end of traffic, as the user writes it: an address, a network, or an object that has addresses in the
 * cluster.
 */
export type ParsedPeer = AddressPeer | ParsedName;

/** The other end of traffic, an object in a known namespace. */
export type Peer = AddressPeer | NamedTarget;

/** Reads a peer: `10.1.2.3`, `10.1.0.0/16`, or a target such as `pod/x`, `svc/x`, `shop/svc/x`. Throws a Problem. */
export function parsePeer(word: string): ParsedPeer {
  if (isIP(word) !== 0 && !word.includes('%')) return { kind: 'address', text: word };
  const network = parseNetwork(word);
  if (network !== undefined) return { kind: 'network', text: network };
  if (/^[\d.:]+(\/|$)/.test(word))
    throw wrongUsage('invalid address or CIDR (examples: 10.1.2.3, 10.1.0.0/16)');
  return parseTarget(word);
}

/** Adds the namespace to a peer: the current one unless another is written before it. */
export function peerInNamespace(peer: ParsedPeer, currentNamespace: string): Peer {
  return peer.kind === 'address' || peer.kind === 'network'
    ? peer
    : targetInNamespace(peer, currentNamespace);
}

/** How many peers to look up at the same time. */
const CONCURRENCY = 8;

/**
 * The pcap-filter(7) expressions for the current addresses of the peers, without duplicates: `host 10.1.2.3` or
 * `net 10.1.0.0/16`. Throws ApiError, or a Problem if a peer has no address.
 */
export async function peerTerms(
  api: KubeApi,
  peers: readonly Peer[],
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const terms = await mapConcurrently(peers, CONCURRENCY, async (peer) => {
    if (peer.kind === 'network') return [`net ${peer.text}`];
    if (peer.kind === 'address') return [`host ${peer.text}`];
    const addresses = (await peerAddresses(api, peer, signal)).filter(
      (address) => isIP(address) !== 0,
    );
    if (addresses.length === 0)
      throw new Problem(`--peer ${peer.text}: it currently has no address`, {
        kind: 'not-found',
        next: [
          `kubectl get ${peer.kind} ${peer.name} -n ${peer.namespace} -o wide   shows its addresses`,
        ],
      });
    return addresses.sort().map((address) => `host ${address}`);
  });
  return [...new Set(terms.flat())];
}

/**
 * Limits a filter to packets from or to the peers. Without terms, the filter is unchanged. The filter comes first,
 * because `vlan` and similar terms change what the following terms refer to.
 */
export function withPeerTerms(terms: readonly string[], filter: CaptureFilter): CaptureFilter {
  return terms.length === 0 ? filter : allOf([filter, anyOf(terms.map(test))]);
}

/** Whether the addresses of a peer can change. */
export function hasChangingAddresses({ kind }: ParsedPeer): boolean {
  return kind !== 'address' && kind !== 'network' && kind !== 'node';
}

interface Service {
  readonly spec: {
    readonly clusterIPs?: readonly string[];
    readonly externalIPs?: readonly string[];
  };
  readonly status?: {
    readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string }[] };
  };
}

interface Node {
  readonly status?: { readonly addresses?: readonly { readonly address: string }[] };
}

async function peerAddresses(
  api: KubeApi,
  peer: NamedTarget,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const { kind, name, namespace } = peer;
  const getPeer = <T>() => getObject<T>(api, kindByName(kind), namespace, name, signal);
  if (kind === 'pod') return podAddresses([await getPeer<Pod>()]);
  if (kind === 'node')
    return ((await getPeer<Node>()).status?.addresses ?? []).map(({ address }) => address);
  if (peer.kind !== 'service') return groupAddresses(api, peer, signal);
  const [{ spec, status }, endpoints] = await Promise.all([
    getPeer<Service>(),
    endpointAddresses(api, namespace, name, signal),
  ]);
  return [
    ...(spec.clusterIPs ?? []),
    ...(spec.externalIPs ?? []),
    ...(status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip ?? []),
    ...(endpoints ?? (await groupAddresses(api, peer, signal))),
  ];
}

/** The addresses of a service's endpoints. Undefined for users who may not list them. */
async function endpointAddresses(
  api: KubeApi,
  namespace: string,
  service: string,
  signal: AbortSignal | undefined,
): Promise<string[] | undefined> {
  try {
    const query = { labelSelector: endpointSliceSelector(service) };
    const path = endpointSlicesPath(namespace);
    const slices = await listAll<EndpointSlice>(api, path, query, signal);
    return slices.flatMap(({ endpoints }) => endpoints ?? []).flatMap(({ addresses }) => addresses);
  } catch (error) {
    if (!isApiError(error, 403)) throw error;
    return undefined;
  }
}

async function groupAddresses(
  api: KubeApi,
  target: GroupTarget,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const { path, labelSelector, matches } = await podQuery(api, target, signal);
  const pods = await listAll<Pod>(api, path, labelSelector ? { labelSelector } : {}, signal);
  return podAddresses(pods.filter(matches));
}

/** The addresses of pods that have ended may belong to other pods by now. */
function podAddresses(pods: readonly Pod[]): string[] {
  return pods
    .filter(({ status }) => !hasFinished(status?.phase))
    .flatMap(({ status }) => status?.podIPs?.map(({ ip }) => ip) ?? status?.podIP ?? []);
}
