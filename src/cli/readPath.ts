import type { KubeApi } from '../kube/api.ts';
import { Problem } from '../problem.ts';
import { familyOf, parseAddress } from '../topology/address.ts';
import { readObjects } from '../topology/collect/apiObjects.ts';
import {
  type AddressPair,
  collectFacts,
  type NodeRequest,
} from '../topology/collect/collectFacts.ts';
import { FactsPool } from '../topology/collect/factsPool.ts';
import { queryRoutes } from '../topology/collect/queryRoutes.ts';
import { findSubject, type SubjectOptions } from '../topology/collect/subject.ts';
import { newFacts } from '../topology/model/clusterFacts.ts';
import { Topology } from '../topology/topology.ts';
import { findEndpoint, type PathEndpoint } from '../topology/trace/endpoint.ts';
import { hostPortPod, nodePortService } from '../topology/trace/nodePorts.ts';
import { backendsOf, servicePort, usableBackends } from '../topology/trace/serviceBackends.ts';
import {
  commonFamily,
  type PathRequest,
  type PathTrace,
  tracePath,
} from '../topology/trace/tracePath.ts';
import { connect } from './connect.ts';
import { notify, statusLine } from './console.ts';
import type { ConnectionValues } from './flags/connection.ts';
import type { DebuggerValues } from './flags/debugger.ts';
import { type FactsValues, keepNodeOption, readFactsFile } from './flags/facts.ts';
import { type Interruption, onInterruption } from './interruption.ts';
import { debuggerSettings } from './settings.ts';

/** The user's request, as written. */
export interface PathArguments extends Pick<PathRequest, 'protocol' | 'port' | 'family'> {
  readonly from: string;
  readonly to: string | undefined;
}

type Flags = ConnectionValues & DebuggerValues & FactsValues;

/** Converts the arguments of a path to a request. The pod must be known first, to find its name server. */
export type PathRequestBuilder = (
  topology: Topology,
  from: PathEndpoint,
  to: PathEndpoint | undefined,
) => PathRequest;

/** What to do with a path while its nodes can still be entered. */
export interface PathAction {
  /** Whether packets are captured or sent, which requires NET_RAW on the nodes. */
  readonly captures: boolean;
  readonly run: (trace: PathTrace, pool: FactsPool, interruption: Interruption) => Promise<void>;
}

/** Follows a path in the facts of the cluster or of a file. Returns the trace, whose topology contains the facts. */
export async function readPath(
  flags: Flags,
  pathArguments: PathArguments,
  buildRequest: PathRequestBuilder,
  action?: PathAction,
): Promise<PathTrace> {
  if (flags.from !== undefined) {
    const topology = new Topology(await readFactsFile(flags.from));
    const find = (word: string) => endpointIn(topology, word, flags.namespace ?? 'default');
    const to = pathArguments.to === undefined ? undefined : find(pathArguments.to);
    return tracePath(topology, buildRequest(topology, find(pathArguments.from), to));
  }
  const settings = debuggerSettings(flags);
  const { api, namespace } = await connect(flags);
  const interruption = onInterruption({ handlesAbandon: true });
  const line = statusLine();
  const { signal } = interruption;
  const rules = pathArguments.to !== undefined;
  const pool = new FactsPool(api, {
    settings,
    namespace,
    command: 'path',
    rules,
    probe: action?.captures === true,
    ...keepNodeOption(flags),
    onNote: notify,
    onProgress: (text) => line.wait(text),
    signal,
  });
  const options = { currentNamespace: namespace, withoutNodes: false, onNote: notify, signal };
  try {
    const objects = { namespace, services: true, policies: rules };
    const [objectsRead, from, to] = await Promise.all([
      readObjects(api, objects, signal),
      qualifyPodName(api, pathArguments.from, options),
      pathArguments.to === undefined ? undefined : qualifyPodName(api, pathArguments.to, options),
    ]);
    const requestIn = (topology: Topology) =>
      buildRequest(
        topology,
        endpointIn(topology, from, namespace),
        to === undefined ? undefined : endpointIn(topology, to, namespace),
      );
    const planned = new Topology(newFacts(objectsRead.objects, objectsRead.unknown));
    const nodes = nodesFor(planned, requestIn(planned));
    const facts = await collectFacts(api, pool, {
      nodes,
      rules,
      addresses: trackedAddresses(requestIn(planned)),
      pairs: pathPairs(planned, requestIn(planned), nodes),
      cni: false,
      objects,
      objectsRead,
      signal,
    });
    const read = new Topology(facts);
    const trace = tracePath(read, requestIn(read));
    const answered =
      trace.questions.length === 0
        ? undefined
        : new Topology(await queryRoutes(pool, facts, trace.questions));
    const complete = answered === undefined ? trace : tracePath(answered, requestIn(answered));
    line.clear();
    await action?.run(complete, pool, interruption);
    return complete;
  } finally {
    line.clear();
    await pool.close();
    interruption.release();
    api.close();
  }
}

/** Adds the namespace to an argument that refers to a pod. Returns other arguments unchanged. */
async function qualifyPodName(
  api: KubeApi,
  word: string,
  options: SubjectOptions,
): Promise<string> {
  const isNotPod =
    /^(?:[^/]+\/)?(?:svc|service|services|node|nodes|no)\/[^/]+$/.test(word) ||
    /^[\d.]+$|:|\.svc(?:\.|$)/.test(word);
  if (isNotPod) return word;
  const subject = await findSubject(api, word, options);
  if (subject.kind !== 'pod') return word;
  return `${subject.namespace}/${subject.name}`;
}

function endpointIn(topology: Topology, word: string, namespace: string): PathEndpoint {
  const endpoint = findEndpoint(topology, word, namespace);
  if (!('notFound' in endpoint)) return endpoint;
  throw new Problem(endpoint.notFound, {
    kind: 'not-found',
    next: endpoint.next ?? [
      'use POD, NAMESPACE/POD, svc/NAME, NAMESPACE/svc/NAME, node/NAME or an address',
    ],
  });
}

/** The nodes where a path starts, ends, or may end, with the pods that are read completely. */
function nodesFor(topology: Topology, request: PathRequest) {
  const chosen = new Map<string, string[]>();
  const add = (node: string | undefined, ids: readonly string[]) => {
    if (node !== undefined) chosen.set(node, [...(chosen.get(node) ?? []), ...ids]);
  };
  for (const end of [request.from, request.to]) {
    if (end?.kind === 'node') add(end.node.name, []);
    if (end?.kind === 'pod') add(end.pod.node, podIds(end));
    const service = serviceAt(topology, end, request);
    if (end?.kind === 'node') {
      const endPod = hostPortPod(topology, end.node.name, request.port, request.protocol);
      if (endPod !== undefined) add(endPod.pod.node, podIds(endPod));
    }
    if (service === undefined) continue;
    const family = end?.addresses[0]?.includes(':') ? 6 : 4;
    const backends = service.port && backendsOf(topology, service.object, service.port, family);
    const usable = usableBackends(backends ?? []);
    const near = end?.kind === 'node' ? end.node.name : undefined;
    const backend = usable.find(({ node }) => node === near) ?? usable[0];
    const pod = backend && topology.podsWithAddress(backend.address)[0];
    if (pod === undefined) add(backend?.node, []);
    else add(pod.node, podIds({ pod }));
  }
  return [...chosen].map(([name, ids]) => ({ name, scope: 'all' as const, namespaces: ids }));
}

/** Addresses whose tracked connections are relevant: a service, or a node that may forward a port. */
function trackedAddresses({ to, port }: PathRequest): readonly string[] {
  const isForwarding = to?.kind === 'service' || (to?.kind === 'node' && port !== undefined);
  return isForwarding ? to.addresses.filter((address) => parseAddress(address)) : [];
}

/**
 * The pairs of addresses that packets of a path usually have: the ends, the pods behind a service, and the nodes of a
 * tunnel.
 */
function pathPairs(
  topology: Topology,
  request: PathRequest,
  nodes: readonly NodeRequest[],
): AddressPair[] {
  const family = commonFamily(request);
  const { from, to } = request;
  const ends = [...from.addresses, ...(to?.addresses ?? [])].filter(
    (address) => familyOf(address) === family,
  );
  const pods = topology.facts.objects.pods?.filter(({ uid }) =>
    nodes.some(({ namespaces }) => namespaces.includes(uid)),
  );
  const backendAddresses = (pods ?? [])
    .filter(({ hostNetwork }) => !hostNetwork)
    .flatMap(({ addresses }) => addresses.filter((address) => familyOf(address) === family));
  const underlay = (topology.facts.objects.nodes ?? [])
    .filter(({ name }) => nodes.some((node) => node.name === name))
    .flatMap(({ addresses }) =>
      addresses.filter(({ type }) => type === 'InternalIP').map(({ address }) => address),
    );
  return [...pairsAmong([...ends, ...backendAddresses]), ...pairsAmong(underlay)];
}

function pairsAmong(addresses: readonly string[]): AddressPair[] {
  const known = [...new Set(addresses)].filter((address) => parseAddress(address) !== undefined);
  return known.flatMap((to) =>
    known
      .filter((from) => from !== to && familyOf(from) === familyOf(to))
      .map((from) => ({ to, from })),
  );
}

/** The service that an end refers to, through its own address or a node port. */
function serviceAt(
  topology: Topology,
  end: PathEndpoint | undefined,
  { port, protocol }: PathRequest,
) {
  if (end?.kind === 'service') {
    const ownPort = servicePort(end.service, port, protocol);
    return { object: end.service, ...(ownPort && { port: ownPort }) };
  }
  const nodePort = end?.kind === 'node' ? nodePortService(topology, port, protocol) : undefined;
  return nodePort && { object: nodePort.service, port: nodePort.port };
}

function podIds({ pod }: Pick<Extract<PathEndpoint, { kind: 'pod' }>, 'pod'>): string[] {
  return [pod.uid, ...pod.containers.flatMap(({ id }) => id ?? [])];
}
