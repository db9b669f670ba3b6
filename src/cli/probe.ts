import { randomBytes, randomInt } from 'node:crypto';
import { wrongUsage } from '../problem.ts';
import type { FactsPool } from '../topology/collect/factsPool.ts';
import type { Probe } from '../topology/probe/probeFindings.ts';
import { echoPayload, type ProbePlan, planText } from '../topology/probe/probePlan.ts';
import { type ProbeResult, runProbe } from '../topology/probe/runProbe.ts';
import { findEndpoint } from '../topology/trace/endpoint.ts';
import { type PathTrace, tracePath } from '../topology/trace/tracePath.ts';
import { note } from './console.ts';
import type { ValueType } from './flags/flag.ts';
import { oneOf } from './flags/valueTypes.ts';

const PROBE_KINDS = ['auto', 'tcp', 'udp', 'icmp', 'mtu'] as const;
export type ProbeKind = (typeof PROBE_KINDS)[number];
export const PROBE_TYPE: ValueType<ProbeKind> = oneOf('KIND', PROBE_KINDS);

/** Above the ports that kernels choose by themselves (net.ipv4.ip_local_port_range). */
const MIN_SOURCE_PORT = 61_000;
const MAX_SOURCE_PORT = 65_000;
const PACKET_COUNTS = { tcp: 2, udp: 3, icmp: 3, mtu: 1 } as const;

/**
 * Sends a few packets along a path, and follows them. What is sent is announced first. If packets in a tunnel are lost
 * between nodes, a plain datagram shows whether the port is blocked or only the tunnel.
 */
export async function probePath(
  kind: ProbeKind,
  trace: PathTrace,
  pool: FactsPool,
): Promise<Probe> {
  const plan = createProbePlan(kind, trace);
  const main = await announceAndRun(pool, trace, plan);
  const plainProbe = plan.kind === 'mtu' ? undefined : plainPlan(main, trace);
  return plainProbe === undefined
    ? { main }
    : { main, plainDatagrams: await announceAndRun(pool, plainProbe.trace, plainProbe.plan) };
}

async function announceAndRun(
  pool: FactsPool,
  trace: PathTrace,
  plan: ProbePlan,
): Promise<ProbeResult> {
  note(`probe: sending ${planText(plan)}`);
  return runProbe(pool, trace, plan);
}

function createProbePlan(requested: ProbeKind, trace: PathTrace): ProbePlan {
  const { request, source, destination, service, paths } = trace;
  const { from, protocol } = request;
  if (from.kind !== 'pod' && from.kind !== 'node')
    throw wrongUsage('--probe: FROM must be a pod or a node', 'as in: path pod-1 pod-2 --probe');
  const port = request.port ?? service?.port?.port;
  const kind = requested === 'auto' ? (port === undefined ? 'icmp' : protocol) : requested;
  if ((kind === 'tcp' || kind === 'udp') && port === undefined)
    throw wrongUsage(
      `--probe=${kind} requires a port`,
      'as in: path pod-1 pod-2 --port 80 --probe',
    );
  const mtu = paths[0]?.hops[0]?.mtu ?? 1500;
  return {
    ...newPlan(kind),
    source,
    destination,
    port: kind === 'tcp' || kind === 'udp' ? (port ?? 0) : 0,
    // A full-size packet may make the kernel store a smaller MTU for the destination, so it is sent only on request.
    size: kind === 'mtu' ? echoPayload(mtu, destination) : 0,
  };
}

function newPlan(kind: ProbePlan['kind']) {
  return {
    kind,
    count: PACKET_COUNTS[kind],
    sourcePort: randomInt(MIN_SOURCE_PORT, MAX_SOURCE_PORT),
    data: randomBytes(16).toString('hex'),
  };
}

/** A datagram from node to node, to the port of the tunnel that lost all packets. */
function plainPlan(
  { packets }: ProbeResult,
  trace: PathTrace,
): { readonly plan: ProbePlan; readonly trace: PathTrace } | undefined {
  const lost = packets.find(
    ({ lost: at }) =>
      at?.after?.node !== undefined &&
      at.before?.node !== undefined &&
      at.after.node !== at.before.node,
  )?.lost;
  const [from, to] = [lost?.after?.node, lost?.before?.node];
  if (from === undefined || to === undefined) return undefined;
  const { topology } = trace;
  const hop = trace.paths[0]?.hops.find(({ node, kind }) => node === from && kind === 'vxlan');
  const host = topology.node(from);
  const place = host && topology.hostPlace(host);
  const port = Number(place && topology.device(place, hop?.device)?.link.data.port);
  const [sender, receiver] = [from, to].map((name) => findEndpoint(topology, `node/${name}`, ''));
  if (!port || !sender || !receiver || 'notFound' in sender || 'notFound' in receiver)
    return undefined;
  const plain = tracePath(topology, { from: sender, to: receiver, protocol: 'udp', port });
  const { source, destination } = plain;
  return {
    trace: plain,
    plan: { ...newPlan('udp'), count: 1, source, destination, port, size: 0 },
  };
}
