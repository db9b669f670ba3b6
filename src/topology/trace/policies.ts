import { type JsonObject, listOf, objectOf } from '../../jsonObject.ts';
import { isWithin } from '../address.ts';
import type { NetworkPolicyObject, PodObject } from '../model/apiObjects.ts';
import type { Wiring } from '../wiring.ts';

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
  wiring: Wiring,
  from: Peer,
  to: Peer,
  protocol: string,
  port: number | undefined,
): PolicyVerdict[] {
  const ends = [
    { direction: 'egress' as const, own: from, peer: to },
    { direction: 'ingress' as const, own: to, peer: from },
  ];
  return ends.flatMap(({ direction, own, peer }) => {
    const { pod } = own;
    // Policies do not apply to pods in the host network.
    if (pod === undefined || pod.hostNetwork) return [];
    return (wiring.facts.objects.networkPolicies ?? [])
      .filter((policy) => selects(policy, pod, direction))
      .map((policy) => ({
        namespace: policy.namespace,
        name: policy.name,
        direction,
        pod: `${pod.namespace}/${pod.name}`,
        verdict: verdictOf(policy, direction, own, peer, protocol, port),
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
  own: Peer,
  peer: Peer,
  protocol: string,
  port: number | undefined,
): PolicyVerdict['verdict'] {
  const answers = listOf(policy.spec[direction]).map((item): Answer => {
    const rule = objectOf(item);
    const peers = listOf(rule[direction === 'ingress' ? 'from' : 'to']).map(objectOf);
    const ports = listOf(rule.ports).map(objectOf);
    const target = direction === 'ingress' ? own.pod : peer.pod;
    return both(
      peers.length === 0 || anyOf(peers.map((one) => isPeer(one, policy.namespace, peer))),
      ports.length === 0 || anyOf(ports.map((one) => isPort(one, protocol, port, target))),
    );
  });
  const answer = anyOf(answers);
  return answer === 'unknown' ? 'unknown' : answer ? 'allow' : 'deny';
}

function isPeer(peer: JsonObject, namespace: string, { pod, address }: Peer): Answer {
  const block = objectOf(peer.ipBlock);
  if (typeof block.cidr === 'string') {
    const isExcepted = listOf(block.except).some((one) => isWithin(`${one}`, address));
    return isWithin(block.cidr, address) && !isExcepted;
  }
  if (pod === undefined || pod.hostNetwork) return pod === undefined ? false : 'unknown';
  const inNamespace: Answer =
    peer.namespaceSelector === undefined
      ? pod.namespace === namespace
      : matchesNamespace(objectOf(peer.namespaceSelector), pod.namespace);
  const isSelected =
    peer.podSelector === undefined || matches(objectOf(peer.podSelector), pod.labels);
  return both(inNamespace, isSelected);
}

/** Of a namespace's labels, only the one with its name is known, which every namespace has. */
function matchesNamespace(selector: JsonObject, name: string): Answer {
  const asked = [
    ...Object.keys(objectOf(selector.matchLabels)),
    ...listOf(selector.matchExpressions).map((one) => `${objectOf(one).key}`),
  ];
  if (asked.some((key) => key !== 'kubernetes.io/metadata.name')) return 'unknown';
  return matches(selector, { 'kubernetes.io/metadata.name': name });
}

function isPort(
  one: JsonObject,
  protocol: string,
  port: number | undefined,
  target: PodObject | undefined,
): Answer {
  if (`${one.protocol ?? 'TCP'}`.toLowerCase() !== protocol) return false;
  if (one.port === undefined) return true;
  if (port === undefined) return 'unknown';
  if (typeof one.port === 'number') {
    return port >= one.port && port <= (typeof one.endPort === 'number' ? one.endPort : one.port);
  }
  const named = target?.containers
    .flatMap(({ ports }) => ports)
    .find(({ name, protocol: own }) => name === one.port && own.toLowerCase() === protocol);
  return target === undefined ? 'unknown' : named?.port === port;
}

/** Evaluates a label selector of meta/v1. */
function matches(selector: JsonObject, labels: Readonly<Record<string, string>>): boolean {
  const wanted = Object.entries(objectOf(selector.matchLabels));
  return (
    wanted.every(([key, value]) => labels[key] === value) &&
    listOf(selector.matchExpressions).every((one) => {
      const { key, operator, values } = objectOf(one);
      const value = labels[`${key}`];
      const among = listOf(values).includes(value);
      switch (operator) {
        case 'In':
          return value !== undefined && among;
        case 'NotIn':
          return value === undefined || !among;
        case 'Exists':
          return value !== undefined;
        default:
          return operator === 'DoesNotExist' && value === undefined;
      }
    })
  );
}

function both(one: Answer, other: Answer): Answer {
  if (one === false || other === false) return false;
  return one === 'unknown' || other === 'unknown' ? 'unknown' : true;
}

function anyOf(answers: readonly Answer[]): Answer {
  if (answers.includes(true)) return true;
  return answers.includes('unknown') ? 'unknown' : false;
}
