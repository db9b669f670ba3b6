import { inNetworkOf, onNode, type PodProcesses, processesOf } from './nodes.ts';
import { FAMILIES, type Scene, type SceneEnd, type Step } from './plantedFaults.ts';
import { runPod } from './pods.ts';
import { kubectl } from './world.ts';

/** A pod at which faults are planted. Local cluster only. */
export interface FaultPod extends SceneEnd {
  readonly name: string;
  readonly uid: string;
  /** Index into world.nodes. */
  readonly node: 0 | 1;
  readonly processes: PodProcesses;
  /** The same end with IPv6. */
  readonly ipv6: SceneEnd;
  /** Restores the IPv6 addresses of its network and its node's network that were lost with a device that was down. */
  readonly restore: () => Promise<void>;
}

interface IpLink {
  readonly ifname: string;
  readonly ifindex: number;
  readonly link_index?: number;
  readonly address: string;
  readonly addr_info?: readonly {
    readonly family: string;
    readonly scope: string;
    readonly local: string;
  }[];
}

const BRIDGE = 'cni0';
const TUNNELS = { 4: 'flannel.1', 6: 'flannel-v6.1' } as const;
const UPLINK = 'eth0';
/** Makes nginx, with its own configuration, listen on IPv4 only. */
const APP = `mkdir -p /tmp/app
printf 'daemon off; pid /tmp/app/pid; error_log /dev/stderr; events {} http { access_log off; client_body_temp_path /tmp/app/c; proxy_temp_path /tmp/app/p; fastcgi_temp_path /tmp/app/f; uwsgi_temp_path /tmp/app/u; scgi_temp_path /tmp/app/s; server { listen 80; listen [::]:80; return 200; } }' >/tmp/app/conf
exec nginx -c /tmp/app/conf`;

/** Starts a pod, and finds its devices and addresses on its node. */
export async function startFaultPod(node: 0 | 1): Promise<FaultPod> {
  const { name } = await runPod('path', { node, command: ['sh', '-c', APP] });
  const jsonPath = 'jsonpath={.metadata.uid} {.status.podIPs[*].ip}';
  const [uid = '', ...addresses] = (await kubectl(['get', 'pod', name, '-o', jsonPath])).split(' ');
  const processes = processesOf(uid);
  const inside: IpLink[] = JSON.parse(await inNetworkOf(processes, 'ip -j link show eth0'));
  const links: IpLink[] = JSON.parse(await onNode(processes, 'ip -j addr show'));
  const named = (name: string) => links.find(({ ifname }) => ifname === name);
  const hostEnd = links.find(({ ifindex }) => ifindex === inside[0]?.link_index)?.ifname ?? '';
  const endOf = (family: 4 | 6): SceneEnd => {
    const { podBits } = FAMILIES[family];
    const addressOf = (name: string) =>
      named(name)?.addr_info?.find(
        (address) =>
          address.scope === 'global' && address.family === (family === 4 ? 'inet' : 'inet6'),
      )?.local ?? '';
    const gateway = addressOf(BRIDGE);
    return {
      address: addresses.find((address) => address.includes(':') === (family === 6)) ?? '',
      gateway,
      hostEnd,
      podCidr: `${gateway.replace(/[^.:]+$/, family === 4 ? '0' : '')}/${podBits}`,
      nodeAddress: addressOf(UPLINK),
      vtep: addressOf(TUNNELS[family]),
      vtepMac: named(TUNNELS[family])?.address ?? '',
    };
  };
  const [atPod, atNode] = [
    await inNetworkOf(processes, IPV6_STATE),
    await onNode(processes, IPV6_STATE),
  ];
  return {
    ...endOf(4),
    name,
    uid,
    node,
    processes,
    ipv6: endOf(6),
    async restore() {
      await inNetworkOf(processes, atPod);
      await onNode(processes, atNode);
    },
  };
}

/**
 * Prints commands that restore a network's IPv6 addresses, routes and permanent neighbours. All of them are lost when
 * their device is set down, unlike those of IPv4. A pod's own range is only on its device, so that nothing of other
 * pods is included.
 */
const IPV6_STATE = `
for device in eth0 cni0 flannel-v6.1; do
  ip -6 -o addr show dev $device scope global 2>/dev/null | sed -n 's/^.* inet6 \\([^ ]*\\) .*/ip -6 addr replace \\1 dev '$device' nodad/p'
done
ip -6 route show proto boot | sed 's/^\\(.*\\) linkdown/\\1/; s/ pref medium//; s/ proto boot//; s/^/ip -6 route replace /'
ip -6 neigh show nud permanent | sed 's/PERMANENT/nud permanent/; s/^/ip -6 neigh replace /'
`;

/** The two pods as the ends of a path for planting a fault. */
export async function sceneOf(from: FaultPod, to: FaultPod, family: 4 | 6 = 4): Promise<Scene> {
  const routes = await onNode(from.processes, 'ip -j route show default');
  const [route]: { gateway: string }[] = JSON.parse(routes);
  const devices = { bridge: BRIDGE, tunnel: TUNNELS[family], uplink: UPLINK };
  const ends = family === 4 ? { from, to } : { from: from.ipv6, to: to.ipv6 };
  const router = family === 4 ? (route?.gateway ?? '') : `${from.ipv6.nodeAddress}99`;
  return { ...devices, ...ends, router, family: FAMILIES[family] };
}

/** Runs the steps that plant or undo a fault. */
export async function perform(
  ends: Readonly<Record<Step['end'], FaultPod>>,
  steps: readonly Step[],
): Promise<void> {
  for (const { end, in: where, run } of steps) {
    const { processes } = ends[end];
    await (where === 'node' ? onNode(processes, run) : inNetworkOf(processes, run));
  }
}

/** Undoes the effects of `perform`. */
export async function mend(
  ends: Readonly<Record<Step['end'], FaultPod>>,
  steps: readonly Step[],
): Promise<void> {
  await perform(ends, steps);
  await Promise.all(Object.values(ends).map(({ restore }) => restore()));
}

/** Whether a pod gets an answer from port 80 of another pod. */
export async function reaches(
  from: FaultPod,
  to: FaultPod,
  seconds: number,
  family: 4 | 6 = 4,
): Promise<boolean> {
  const address = family === 4 ? `TCP4:${to.address}` : `TCP6:[${to.ipv6.address}]`;
  const output = await inNetworkOf(
    from.processes,
    `timeout ${seconds} socat -u /dev/null ${address}:80 2>/dev/null && echo reached || true`,
  );
  return output.includes('reached');
}
