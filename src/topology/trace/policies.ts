import { type JsonObject, listOf, objectOf } from '../../jsonObject.ts';
import { isWithin } from '../address.ts';
import type { NetworkPolicyObject, PodObject } from '../model/apiObjects.ts';
import type { Topology } from '../topology.ts';

/** A policy that selects one end of a path, and its verdict for the packet. */
export interface PolicyVerdict {
  readonly namespace: string;
  readonly name: string;
  readonly direction: 'ingress' | 'egress';
  /** `namespace/name` of the selected pod. */
  readonly pod: string;
  /** `unknown` if the policy depends on something that was not read. */
  readonly verdict: 'allow' | 'deny' | 'unknown';
}

/** The other end of a connection, as a policy sees it. */
interface Peer {
  readonly pod?: PodObject;
  readonly address: string;
}

type Answer = boolean | 'unknown';

/**
 * The policies of networking.k8s.io/v1 that select the sender for egress or the receiver for ingress, each with
 * its own verdict. Traffic of a selected pod is allowed if at least one of its policies allows it.
 */
export function policiesOf(
  topology: Topology,
  from: Peer,
  to: Peer,
  protocol: string,
  port: number | undefined,
): PolicyVerdict[] {
  const endpoints = [
    { direction: 'egress' as const, own: from, peer: to },
    { direction: 'ingress' as const, own: to, peer: from },
  ];
  return endpoints.flatMap(({ direction, own: endpoint, peer }) => {
    const { pod } = endpoint;
    // Policies do not apply to pods in the host network.
    if (pod === undefined || pod.hostNetwork) return [];
    return (topology.facts.objects.networkPolicies ?? [])
      .filter((policy) => selects(policy, pod, direction))
      .map((policy) => ({
        namespace: policy.namespace,
        name: policy.name,
        direction,
        pod: `${pod.namespace}/${pod.name}`,
        verdict: verdictOf(policy, direction, endpoint, peer, protocol, port),
      }));
  });
}

function selects(
  { namespace, spec }: NetworkPolicyObject,
  pod: PodObject,
  direction: 'ingress' | 'egress',
): boolean {
  const types = listOf(spec.policyTypes);
  const applies =
    types.length > 0
      ? types.includes(direction === 'ingress' ? 'Ingress' : 'Egress')
      : direction === 'ingress' || spec.egress !== undefined;
  return namespace === pod.namespace && applies && matches(objectOf(spec.podSelector), pod.labels);
}

function verdictOf(
  policy: NetworkPolicyObject,
  direction: 'ingress' | 'egress',
  endpoint: Peer,
  peer: Peer,
  protocol: string,
  port: number | undefined,
): PolicyVerdict['verdict'] {
  const answers = listOf(policy.spec[direction]).map((item): Answer => {
    const rule = objectOf(item);
    const peers = listOf(rule[direction === 'ingress' ? 'from' : 'to']).map(objectOf);
    const ports = listOf(rule.ports).map(objectOf);
    const target = direction === 'ingress' ? endpoint.pod : peer.pod;
    return allOf(
      peers.length === 0 ||
        anyOf(peers.map((allowedPeer) => isPeer(allowedPeer, policy.namespace, peer))),
      ports.length === 0 ||
        anyOf(ports.map((allowedPort) => isPort(allowedPort, protocol, port, target))),
    );
  });
  const answer = anyOf(answers);
  return answer === 'unknown' ? 'unknown' : answer ? 'allow' : 'deny';
}

function isPeer(peer: JsonObject, namespace: string, { pod, address }: Peer): Answer {
  const block = objectOf(peer.ipBlock);
  if (typeof block.cidr === 'string') {
    const isExcepted = listOf(block.except).some((excepted) => isWithin(`${excepted}`, address));
    return isWithin(block.cidr, address) && !isExcepted;
  }
  if (pod === undefined || pod.hostNetwork) return pod === undefined ? false : 'unknown';
  const inNamespace: Answer =
    peer.namespaceSelector === undefined
      ? pod.namespace === namespace
      : matchesNamespace(objectOf(peer.namespaceSelector), pod.namespace);
  const isSelected =
    peer.podSelector === undefined || matches(objectOf(peer.podSelector), pod.labels);
  return allOf(inNamespace, isSelected);
}

/** Of a namespace's labels, only the one with its name is known, which every namespace has. */
function matchesNamespace(selector: JsonObject, name: string): Answer {
  const requestedKeys = [
    ...Object.keys(objectOf(selector.matchLabels)),
    ...listOf(selector.matchExpressions).map((expression) => `${objectOf(expression).key}`),
  ];
  if (requestedKeys.some((key) => key !== 'kubernetes.io/metadata.name')) return 'unknown';
  return matches(selector, { 'kubernetes.io/metadata.name': name });
}

function isPort(
  policyPort: JsonObject,
  protocol: string,
  port: number | undefined,
  target: PodObject | undefined,
): Answer {
  if (`${policyPort.protocol ?? 'TCP'}`.toLowerCase() !== protocol) return false;
  if (policyPort.port === undefined) return true;
  if (port === undefined) return 'unknown';
  if (typeof policyPort.port === 'number') {
    return (
      port >= policyPort.port &&
      port <= (typeof policyPort.endPort === 'number' ? policyPort.endPort : policyPort.port)
    );
  }
  const namedPort = target?.containers
    .flatMap(({ ports }) => ports)
    .find(
      ({ name, protocol: containerProtocol }) =>
        name === policyPort.port && containerProtocol.toLowerCase() === protocol,
    );
  return target === undefined ? 'unknown' : namedPort?.port === port;
}

/** Evaluates a label selector of meta/v1. */
function matches(selector: JsonObject, labels: Readonly<Record<string, string>>): boolean {
  const required = Object.entries(objectOf(selector.matchLabels));
  return (
    required.every(([key, value]) => labels[key] === value) &&
    listOf(selector.matchExpressions).every((expression) => {
      const { key, operator, values } = objectOf(expression);
      const value = labels[`${key}`];
      const isAmong = listOf(values).includes(value);
      switch (operator) {
        case 'In':
          return value !== undefined && isAmong;
        case 'NotIn':
          return value === undefined || !isAmong;
        case 'Exists':
          return value !== undefined;
        default:
          return operator === 'DoesNotExist' && value === undefined;
      }
    })
  );
}

function allOf(a: Answer, b: Answer): Answer {
  if (a === false || b === false) return false;
  return a === 'unknown' || b === 'unknown' ? 'unknown' : true;
}

function anyOf(answers: readonly Answer[]): Answer {
  if (answers.includes(true)) return true;
  return answers.includes('unknown') ? 'unknown' : false;
}
