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
import { type FactsValues, factsFrom, keepOf } from './flags/facts.ts';
import { type Interruption, onInterruption } from './interruption.ts';
import { debuggerSettings } from './settings.ts';

/** The user's request, as written. */
export interface PathWords extends Pick<PathRequest, 'protocol' | 'port' | 'family'> {
  readonly from: string;
  readonly to: string | undefined;
}

type Flags = ConnectionValues & DebuggerValues & FactsValues;

/** Converts the words of a path to a request. The pod must be known first, to find its name server. */
export type RequestFor = (
  topology: Topology,
  from: PathEndpoint,
  to: PathEndpoint | undefined,
) => PathRequest;

/** What to do with a path while its nodes can still be entered. */
export interface UsePath {
  /** Whether packets are captured or sent, which requires NET_RAW on the nodes. */
  readonly captures: boolean;
  readonly run: (trace: PathTrace, pool: FactsPool, interruption: Interruption) => Promise<void>;
}

/** Follows a path in the facts of the cluster or of a file. Returns the trace, whose topology contains the facts. */
export async function readPath(
  flags: Flags,
  words: PathWords,
  requestFor: RequestFor,
  use?: UsePath,
): Promise<PathTrace> {
  if (flags.from !== undefined) {
    const topology = new Topology(await factsFrom(flags.from));
    const find = (word: string) => endpointIn(topology, word, flags.namespace ?? 'default');
    const to = words.to === undefined ? undefined : find(words.to);
    return tracePath(topology, requestFor(topology, find(words.from), to));
  }
  const settings = debuggerSettings(flags);
  const { api, namespace } = await connect(flags);
  const interruption = onInterruption({ abandons: true });
  const line = statusLine();
  const { signal } = interruption;
  const rules = words.to !== undefined;
  const pool = new FactsPool(api, {
    settings,
    namespace,
    command: 'path',
    rules,
    probe: use?.captures === true,
    ...keepOf(flags),
    onNote: notify,
    onProgress: (text) => line.wait(text),
    signal,
  });
  const options = { currentNamespace: namespace, withoutNodes: false, onNote: notify, signal };
  try {
    const objects = { namespace, services: true, policies: rules };
    const [known, from, to] = await Promise.all([
      readObjects(api, objects, signal),
      podWord(api, words.from, options),
      words.to === undefined ? undefined : podWord(api, words.to, options),
    ]);
    const requestIn = (topology: Topology) =>
      requestFor(
        topology,
        endpointIn(topology, from, namespace),
        to === undefined ? undefined : endpointIn(topology, to, namespace),
      );
    const planned = new Topology(newFacts(known.objects, known.unknown));
    const nodes = nodesFor(planned, requestIn(planned));
    const facts = await collectFacts(api, pool, {
      nodes,
      rules,
      addresses: addressesOf(requestIn(planned)),
      pairs: pairsOf(planned, requestIn(planned), nodes),
      cni: false,
      objects,
      objectsRead: known,
      signal,
    });
    const wiring = new Topology(facts);
    const trace = tracePath(wiring, requestIn(wiring));
    const asked =
      trace.questions.length === 0
        ? undefined
        : new Topology(await queryRoutes(pool, facts, trace.questions));
    const whole = asked === undefined ? trace : tracePath(asked, requestIn(asked));
    line.clear();
    await use?.run(whole, pool, interruption);
    return whole;
  } finally {
    line.clear();
    await pool.close();
    interruption.release();
    api.close();
  }
}

/** If a word refers to pods, names a single pod with its namespace. Other words are unchanged. */
async function podWord(api: KubeApi, word: string, options: SubjectOptions): Promise<string> {
  const isOther =
    /^(?:svc|service|services|node|nodes|no)\//.test(word) || /^[\d.]+$|:|\.svc(?:\.|$)/.test(word);
  if (isOther) return word;
  const subject = await findSubject(api, word, options);
  if (subject.kind !== 'pod') return word;
  return `${subject.namespace}/${subject.name}`;
}

function endpointIn(topology: Topology, word: string, namespace: string): PathEndpoint {
  const found = findEndpoint(topology, word, namespace);
  if (!('notFound' in found)) return found;
  throw new Problem(found.notFound, {
    kind: 'not-found',
    next: ['use POD, NAMESPACE/POD, svc/NAME, node/NAME or an address'],
  });
}

/** The nodes where a path starts, ends, or may end, with the pods that are read completely. */
function nodesFor(topology: Topology, request: PathRequest) {
  const chosen = new Map<string, string[]>();
  const add = (node: string | undefined, words: readonly string[]) => {
    if (node !== undefined) chosen.set(node, [...(chosen.get(node) ?? []), ...words]);
  };
  for (const end of [request.from, request.to]) {
    if (end?.kind === 'node') add(end.node.name, []);
    if (end?.kind === 'pod') add(end.pod.node, wordsOfPod(end));
    const service = serviceAt(topology, end, request);
    if (end?.kind === 'node') {
      const own = hostPortPod(topology, end.node.name, request.port, request.protocol);
      if (own !== undefined) add(own.pod.node, wordsOfPod(own));
    }
    if (service === undefined) continue;
    const family = end?.addresses[0]?.includes(':') ? 6 : 4;
    const backends = service.port && backendsOf(topology, service.object, service.port, family);
    const usable = usableBackends(backends ?? []);
    const near = end?.kind === 'node' ? end.node.name : undefined;
    const backend = usable.find(({ node }) => node === near) ?? usable[0];
    const pod = backend && topology.podsWithAddress(backend.address)[0];
    if (pod === undefined) add(backend?.node, []);
    else add(pod.node, wordsOfPod({ pod }));
  }
  return [...chosen].map(([name, words]) => ({ name, scope: 'all' as const, namespaces: words }));
}

/** Addresses whose tracked connections are relevant: a service, or a node that may forward a port. */
function addressesOf({ to, port }: PathRequest): readonly string[] {
  const isForwarding = to?.kind === 'service' || (to?.kind === 'node' && port !== undefined);
  return isForwarding ? to.addresses.filter((one) => parseAddress(one)) : [];
}

/**
 * The pairs of addresses that packets of a path usually have: the ends, the pods behind a service, and the nodes of a
 * tunnel.
 */
function pairsOf(
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
  const behind = (pods ?? [])
    .filter(({ hostNetwork }) => !hostNetwork)
    .flatMap(({ addresses }) => addresses.filter((address) => familyOf(address) === family));
  const underlay = (topology.facts.objects.nodes ?? [])
    .filter(({ name }) => nodes.some((one) => one.name === name))
    .flatMap(({ addresses }) =>
      addresses.filter(({ type }) => type === 'InternalIP').map(({ address }) => address),
    );
  return [...pairsAmong([...ends, ...behind]), ...pairsAmong(underlay)];
}

function pairsAmong(addresses: readonly string[]): AddressPair[] {
  const known = [...new Set(addresses)].filter((one) => parseAddress(one) !== undefined);
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
    const own = servicePort(end.service, port, protocol);
    return { object: end.service, ...(own && { port: own }) };
  }
  const found = end?.kind === 'node' ? nodePortService(topology, port, protocol) : undefined;
  return found && { object: found.service, port: found.port };
}

function wordsOfPod({ pod }: Pick<Extract<PathEndpoint, { kind: 'pod' }>, 'pod'>): string[] {
  return [pod.uid, ...pod.containers.flatMap(({ id }) => id ?? [])];
}
