import { sameAddress } from '../address.ts';
import type { PodObject } from '../model/apiObjects.ts';
import { linkFault, type Place, type Topology } from '../topology.ts';
import type { PathEndpoint } from '../trace/endpoint.ts';
import type { Fault } from '../trace/oneWayPath.ts';
import type { PathTrace } from '../trace/tracePath.ts';
import { queueingFaults } from './queueingChecks.ts';

/** The used share from which a kernel table counts as full: it has no room for a burst. */
const NEARLY_FULL = 0.95;

/** What is wrong with the ends of a path and with the namespaces on it, independent of the packet. */
export function stateFaults(trace: PathTrace): Fault[] {
  const { topology, request } = trace;
  const pods = [request.from, request.to].flatMap((end) => (end?.kind === 'pod' ? [end.pod] : []));
  const destinationPod = trace.destinationPlace && podOf(topology, trace.destinationPlace);
  const all = [...new Set([...pods, ...(destinationPod ? [destinationPod] : [])])];
  return [
    ...all.flatMap((pod) => podFaults(topology, pod)),
    ...nodeFaults(trace),
    ...queueingFaults(trace),
    ...placesOnPath(trace).flatMap((place) => tableFaults(place)),
  ];
}

function podOf(topology: Topology, { network }: Place): PodObject | undefined {
  const { owner } = network;
  if (owner.kind !== 'pod') return undefined;
  return topology.facts.objects.pods?.find(
    ({ uid, name, namespace }) =>
      uid === owner.uid || (name === owner.name && namespace === owner.namespace),
  );
}

/** The namespaces that a path passes, each once. */
function placesOnPath({ paths, topology }: PathTrace): Place[] {
  const hops = paths.flatMap((path) => path.hops);
  const keys = new Set(hops.map(({ node, netns }) => `${node} ${netns}`));
  return topology.facts.nodes.flatMap((node) =>
    node.namespaces
      .filter(({ inode }) => keys.has(`${node.name} ${inode}`))
      .map((network) => ({ node, network })),
  );
}

function podFaults(topology: Topology, pod: PodObject): Fault[] {
  const place = topology.placeOfPod(pod);
  const name = `${pod.namespace}/${pod.name}`;
  const values = { pod: name, podFlag: `-n ${pod.namespace} ${pod.name}`, phase: pod.phase ?? '' };
  const where = {
    ...(pod.node !== undefined && { node: pod.node }),
    ...(place && { netns: place.network.inode }),
    pod: name,
  };
  const fault = (kind: string, evidence: string, more: Record<string, string> = {}): Fault => ({
    kind,
    where,
    evidence,
    values: { ...values, ...more },
  });
  const faults: Fault[] = [];
  if (pod.phase !== 'Running') return [fault('pod-not-running', `phase: ${pod.phase}`)];
  if (!pod.ready) faults.push(fault('pod-not-ready', 'condition Ready: False'));
  if (place === undefined || pod.hostNetwork) return faults;
  const { links } = place.network;
  if (links === undefined) return faults;
  const loopback = links.find(({ type }) => type === 'loopback');
  if (loopback !== undefined && linkFault(loopback) === 'down') {
    const device = { ...where, device: loopback.name };
    faults.push({ ...fault('loopback-down', `lo: <${loopback.flags.join(',')}>`), where: device });
  }
  if (!links.some(({ type }) => type !== 'loopback')) {
    return [fault('interface-missing', `ip link: ${links.map((link) => link.name).join(', ')}`)];
  }
  for (const address of pod.addresses) {
    const hasAddress = links.some((link) =>
      link.addresses.some((assigned) => sameAddress(assigned.address, address)),
    );
    if (!hasAddress) faults.push(fault('address-missing', `ip addr: no ${address}`, { address }));
    faults.push(...duplicateFaults(topology, pod, place, address));
  }
  return faults;
}

function duplicateFaults(
  topology: Topology,
  pod: PodObject,
  place: Place,
  address: string,
): Fault[] {
  const otherHolders = topology
    .devicesWithAddress(address)
    .filter(({ network }) => network !== place.network)
    .map((port) => ({ name: topology.podName(port) ?? `node/${port.node.name}`, port }));
  const byApi = topology
    .podsWithAddress(address)
    .filter((otherPod) => otherPod.uid !== pod.uid && !otherPod.hostNetwork)
    .map((otherPod) => ({ name: `${otherPod.namespace}/${otherPod.name}`, port: undefined }));
  const [duplicate] = [...otherHolders, ...byApi];
  if (duplicate === undefined) return [];
  const podName = `${pod.namespace}/${pod.name}`;
  const second =
    duplicate.port &&
    `${duplicate.port.link.name} of ${duplicate.name} on ${duplicate.port.node.name}`;
  return [
    {
      kind: 'duplicate-address',
      where: { node: place.node.name, netns: place.network.inode, pod: podName },
      evidence: `${address}: ${podName}, and ${second ?? duplicate.name}`,
      values: { address, here: podName, there: duplicate.name },
    },
  ];
}

function nodeFaults({ topology, paths, request }: PathTrace): Fault[] {
  const names = new Set(paths.flatMap(({ hops }) => hops.flatMap(({ node }) => node ?? [])));
  for (const end of [request.from, request.to]) {
    if (end?.kind === 'pod' && end.pod.node !== undefined) names.add(end.pod.node);
    if (end?.kind === 'node') names.add(end.node.name);
  }
  return (topology.facts.objects.nodes ?? [])
    .filter(({ name, ready }) => names.has(name) && ready === false)
    .map(({ name }) => ({
      kind: 'node-not-ready',
      where: { node: name },
      evidence: 'condition Ready: not True',
      values: { node: name },
    }));
}

function tableFaults({ node, network }: Place): Fault[] {
  const where = { node: node.name, netns: network.inode };
  const faults: Fault[] = [];
  const { conntrack, neighbours, sysctls } = network;
  if (
    conntrack !== undefined &&
    conntrack.max > 0 &&
    conntrack.count >= conntrack.max * NEARLY_FULL
  ) {
    faults.push({
      kind: 'conntrack-full',
      where,
      evidence: `nf_conntrack_count ${conntrack.count}, nf_conntrack_max ${conntrack.max}`,
      values: { suggested: `${conntrack.max * 2}` },
    });
  }
  for (const family of ['ipv4', 'ipv6'] as const) {
    const limit = Number(sysctls?.[`${family}/neigh/default/gc_thresh3`] ?? 0);
    const familyNeighbours = neighbours?.filter(
      ({ address, state }) =>
        address.includes(':') === (family === 'ipv6') && !state.includes('NOARP'),
    );
    if (
      familyNeighbours === undefined ||
      limit === 0 ||
      familyNeighbours.length < limit * NEARLY_FULL
    )
      continue;
    faults.push({
      kind: 'neighbour-table-full',
      where,
      evidence: `${familyNeighbours.length} entries, gc_thresh3 ${limit}`,
      values: { family, suggested: `${limit * 4}` },
    });
  }
  return faults;
}

/** The pod of an end, as arguments for kubectl. */
export function podFlagOf(end: PathEndpoint | undefined): string {
  return end?.kind === 'pod' ? `-n ${end.pod.namespace} ${end.pod.name}` : 'POD';
}
