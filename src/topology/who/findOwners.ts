import { hasFinished } from '../../kube/pod.ts';
import { sameAddress } from '../address.ts';
import type { PodObject } from '../model/apiObjects.ts';
import type { ClusterFacts } from '../model/clusterFacts.ts';
import type { NetworkNamespace } from '../model/networkNamespace.ts';
import type { NodeFacts, NodeProcess } from '../model/nodeFacts.ts';
import { newOwner, type Owner } from './owner.ts';
import type { Thing } from './thing.ts';

/** Finds everything that a thing is or belongs to: first what was read on the nodes, then what the API server knows. */
export function findOwners(facts: ClusterFacts, thing: Thing): Owner[] {
  switch (thing.kind) {
    case 'address':
      return ownersOfAddress(facts, thing.address);
    case 'mac':
      return fromLinks(facts, ({ mac }) => mac?.toLowerCase() === thing.mac);
    case 'container':
      return ownersOfContainer(facts, thing.id);
    case 'inode':
      return fromNamespaces(facts, ({ inode }) => inode === thing.inode);
    case 'number':
      return [
        ...fromNamespaces(facts, ({ inode }) => inode === thing.number),
        ...facts.nodes.flatMap((node) =>
          node.processes
            .filter(({ pid }) => pid === thing.number)
            .map((process) => ownersOfProcess(facts, node, process)),
        ),
        ...fromLinks(facts, ({ ifindex }) => ifindex === thing.number),
      ];
    case 'name':
      return [
        ...fromNamespaces(facts, ({ mounts }) =>
          mounts.some(({ path }) => path === thing.name || path.endsWith(`/${thing.name}`)),
        ),
        ...fromLinks(
          facts,
          ({ name, altNames }) => name === thing.name || (altNames?.includes(thing.name) ?? false),
        ),
      ];
  }
}

function ownersOfAddress(facts: ClusterFacts, address: string): Owner[] {
  const { pods = [], services = [], nodes = [] } = facts.objects;
  const isAddress = (candidate: string) => candidate === address || sameAddress(candidate, address);
  const live = facts.nodes.flatMap((node) =>
    node.namespaces.flatMap((namespace) =>
      (namespace.links ?? [])
        .filter(({ addresses }) => addresses.some((assigned) => isAddress(assigned.address)))
        // kube-proxy assigns the addresses of all services to this device on each node.
        .filter(({ name }) => name !== 'kube-ipvs0')
        .map(({ name }) =>
          newOwner({ ...ownersOfNamespace(node, namespace), interface: name, address }),
        ),
    ),
  );
  const isLive = (pod: PodObject) =>
    live.some((holder) => holder.pod === pod.name && holder.podNamespace === pod.namespace);
  const fromPods = pods
    .filter(({ phase, hostNetwork }) => !hostNetwork && !hasFinished(phase))
    .filter(({ addresses }) => addresses.some(isAddress))
    .filter((pod) => !isLive(pod))
    .map((pod) => newOwner({ ...ownersOfPod(pod), address }));
  const fromNodes = nodes
    .filter((node) => node.addresses.some((assigned) => isAddress(assigned.address)))
    .filter(({ name }) => !live.some((holder) => holder.kind === 'node' && holder.node === name))
    .map((node) => newOwner({ kind: 'node', node: node.name, address }));
  const fromServices = services.flatMap((service) => {
    const kinds = [
      ['cluster IP', service.clusterAddresses],
      ['external IP', service.externalAddresses],
      ['load balancer', service.loadBalancerAddresses],
    ] as const;
    return kinds
      .filter(([, addresses]) => addresses.some(isAddress))
      .map(([detail]) =>
        newOwner({
          kind: 'service',
          service: `${service.namespace}/${service.name}`,
          address,
          detail,
        }),
      );
  });
  return [...live, ...fromPods, ...fromNodes, ...fromServices];
}

function ownersOfContainer(facts: ClusterFacts, id: string): Owner[] {
  const matches = (candidate: string | undefined) => candidate?.startsWith(id) ?? false;
  const fromApi = (facts.objects.pods ?? []).flatMap((pod) =>
    pod.containers
      .filter((container) => matches(container.id))
      .map((container) =>
        newOwner({
          ...ownersOfPod(pod),
          kind: 'container',
          container: container.name,
          detail: container.kind,
        }),
      ),
  );
  if (fromApi.length > 0) return fromApi;
  return facts.nodes.flatMap((node) => {
    // Sandboxes, and containers outside of Kubernetes, are not in any pod's status.
    const process = node.processes.find(({ containerId }) => matches(containerId));
    if (process) {
      const processOwners = ownersOfProcess(facts, node, process);
      return [newOwner({ ...processOwners, kind: 'container', pid: process.pid })];
    }
    const cached = node.cni?.results.find(({ containerId }) => matches(containerId));
    if (!cached) return [];
    return [
      newOwner({
        kind: 'container',
        node: node.name,
        pod: cached.podName ?? null,
        podNamespace: cached.podNamespace ?? null,
        interface: cached.ifName ?? null,
        address: cached.addresses[0]?.address.replace(/\/\d+$/, '') ?? null,
        detail: 'in the cache of the CNI plugins; it has no running process',
      }),
    ];
  });
}

function ownersOfProcess(facts: ClusterFacts, node: NodeFacts, process: NodeProcess): Owner {
  const namespace = node.namespaces.find(({ inode }) => inode === process.netns);
  const pod = facts.objects.pods?.find(
    ({ uid, annotations }) =>
      process.podUid !== undefined &&
      (uid === process.podUid || annotations['kubernetes.io/config.hash'] === process.podUid),
  );
  const container = pod?.containers.find(
    ({ id }) => id !== undefined && id === process.containerId,
  );
  return newOwner({
    ...(namespace ? ownersOfNamespace(node, namespace) : { node: node.name }),
    ...(pod && ownersOfPod(pod)),
    kind: 'process',
    node: node.name,
    container: container?.name ?? null,
    pid: process.pid,
    detail: process.name,
  });
}

function fromNamespaces(
  facts: ClusterFacts,
  matches: (namespace: NetworkNamespace) => boolean,
): Owner[] {
  return facts.nodes.flatMap((node) =>
    node.namespaces.filter(matches).map((namespace) =>
      newOwner({
        ...ownersOfNamespace(node, namespace),
        kind: 'namespace',
        pid: namespace.pid ?? null,
        detail: namespace.mounts[0]?.path ?? namespace.command ?? null,
      }),
    ),
  );
}

function fromLinks(
  facts: ClusterFacts,
  matches: (link: NonNullable<NetworkNamespace['links']>[number]) => boolean,
): Owner[] {
  return facts.nodes.flatMap((node) =>
    node.namespaces.flatMap((namespace) =>
      (namespace.links ?? []).filter(matches).map((link) =>
        newOwner({
          ...ownersOfNamespace(node, namespace),
          kind: 'interface',
          interface: link.name,
          address: link.addresses.find(({ scope }) => scope === 'global')?.address ?? null,
          detail: link.master === undefined ? (link.kind ?? null) : `in ${link.master}`,
        }),
      ),
    ),
  );
}

/** The owner of a namespace: a pod, a container, the node, or none of them. */
function ownersOfNamespace(
  node: NodeFacts,
  { inode, owner: namespaceOwner }: NetworkNamespace,
): Partial<Owner> & Pick<Owner, 'kind'> {
  const place = { node: node.name, netns: inode };
  if (namespaceOwner.kind === 'host') return { ...place, kind: 'node' };
  if (namespaceOwner.kind === 'pod')
    return {
      ...place,
      kind: 'pod',
      pod: namespaceOwner.name ?? null,
      podNamespace: namespaceOwner.namespace ?? null,
    };
  if (namespaceOwner.kind === 'container')
    return { ...place, kind: 'container', container: namespaceOwner.id };
  return { ...place, kind: 'namespace' };
}

function ownersOfPod(pod: PodObject): Partial<Owner> & Pick<Owner, 'kind'> {
  return { kind: 'pod', pod: pod.name, podNamespace: pod.namespace, node: pod.node ?? null };
}
