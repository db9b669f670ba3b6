import { inNetworkOf, onNode, type PodProcesses, processesOf } from './nodes.ts';
import type { Scene, SceneEnd, Step } from './plantedFaults.ts';
import { runPod } from './pods.ts';
import { kubectl } from './world.ts';

/** A pod that faults are planted at; local cluster only. */
export interface FaultPod extends SceneEnd {
  readonly name: string;
  readonly uid: string;
  /** Index into world.nodes. */
  readonly node: 0 | 1;
  readonly processes: PodProcesses;
}

interface IpLink {
  readonly ifname: string;
  readonly ifindex: number;
  readonly link_index?: number;
  readonly address: string;
  readonly addr_info?: readonly { readonly family: string; readonly local: string }[];
}

const BRIDGE = 'cni0';
const TUNNEL = 'flannel.1';
const UPLINK = 'eth0';

/** Starts a pod and finds what surrounds it on its node. */
export async function startFaultPod(node: 0 | 1): Promise<FaultPod> {
  const { name, ip } = await runPod('path', { node });
  const uid = await kubectl(['get', 'pod', name, '-o', 'jsonpath={.metadata.uid}']);
  const processes = processesOf(uid);
  const inside: IpLink[] = JSON.parse(await inNetworkOf(processes, 'ip -j link show eth0'));
  const links: IpLink[] = JSON.parse(await onNode(processes, 'ip -j addr show'));
  const named = (wanted: string) => links.find(({ ifname }) => ifname === wanted);
  const addressOf = (wanted: string) =>
    named(wanted)?.addr_info?.find(({ family }) => family === 'inet')?.local ?? '';
  const gateway = addressOf(BRIDGE);
  return {
    name,
    uid,
    node,
    processes,
    address: ip,
    gateway,
    hostEnd: links.find(({ ifindex }) => ifindex === inside[0]?.link_index)?.ifname ?? '',
    podCidr: gateway.replace(/\.\d+$/, '.0/24'),
    nodeAddress: addressOf(UPLINK),
    vtep: addressOf(TUNNEL),
    vtepMac: named(TUNNEL)?.address ?? '',
  };
}

/** The two pods as the ends of a path on which a fault is planted. */
export async function sceneOf(from: FaultPod, to: FaultPod): Promise<Scene> {
  const found = await onNode(from.processes, 'ip -j route show default');
  const [route]: { gateway: string }[] = JSON.parse(found);
  return { bridge: BRIDGE, tunnel: TUNNEL, uplink: UPLINK, router: route?.gateway ?? '', from, to };
}

/** Does what plants a fault, or undoes it. */
export async function perform(
  ends: Readonly<Record<Step['end'], FaultPod>>,
  steps: readonly Step[],
): Promise<void> {
  for (const { end, in: where, run } of steps) {
    const { processes } = ends[end];
    await (where === 'node' ? onNode(processes, run) : inNetworkOf(processes, run));
  }
}

/** Whether a pod gets an answer from port 80 of another. */
export async function reaches(from: FaultPod, to: FaultPod, seconds: number): Promise<boolean> {
  const said = await inNetworkOf(
    from.processes,
    `timeout ${seconds} socat -u /dev/null TCP4:${to.address}:80 2>/dev/null && echo reached || true`,
  );
  return said.includes('reached');
}
