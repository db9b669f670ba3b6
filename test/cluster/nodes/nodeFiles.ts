import { access, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The values in a node's own files. */
export interface NodeFiles {
  /** The node's folder on this machine. */
  readonly folder: string;
  readonly address: string;
  /** IPv4, and IPv6 if the node has both. */
  readonly podNetworks: readonly string[];
  readonly pauseImage: string;
}

/** All pods of the cluster: flannel's default network, and the one in its documentation for IPv6. */
const clusterNetwork = '10.244.0.0/16';
const clusterNetwork6 = 'fd00:10:244::/56';
/** How much of 1500 bytes is left in VXLAN. */
const podMtu = 1450;
const pluginFolders = ['/usr/lib/cni', '/opt/cni/bin', '/usr/libexec/cni'];

/** Writes the configuration of containerd and of the pod network into the node's folder. */
export async function writeNodeFiles(node: NodeFiles): Promise<void> {
  await mkdir(node.folder, { recursive: true });
  const plugins = await findPluginFolder();
  if (!plugins) throw new Error(`no CNI plugins in ${pluginFolders.join(', ')}`);
  const put = (name: string, text: string) => writeFile(join(node.folder, name), text);
  await Promise.all([
    put('containerd.toml', containerdConfig(node, plugins)),
    put('cni.conflist', JSON.stringify(networkList(node.podNetworks), undefined, 2)),
    put('subnet.env', flannelSubnet(node.podNetworks)),
  ]);
}

/** Where this machine has the CNI plugins. Undefined if it has none. */
export async function findPluginFolder(): Promise<string | undefined> {
  for (const folder of pluginFolders) {
    const found = await access(join(folder, 'bridge')).then(
      () => true,
      () => false,
    );
    if (found) return folder;
  }
  return undefined;
}

function containerdConfig(node: NodeFiles, pluginFolder: string): string {
  const quote = JSON.stringify;
  const file = (name: string) => quote(join(node.folder, name));
  return `version = 2
root = ${file('containerd-root')}
state = "/run/containerd-state"
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
  "io.containerd.internal.v1.opt",
  "io.containerd.internal.v1.tracing",
  "io.containerd.tracing.processor.v1.otlp",
]

[grpc]
  address = ${file('containerd.sock')}
[ttrpc]
  address = ${file('containerd.ttrpc')}

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = ${quote(node.pauseImage)}
  stream_server_address = ${quote(node.address)}
  stream_server_port = "10010"
  disable_apparmor = true
  disable_hugetlb_controller = true
  tolerate_missing_hugetlb_controller = true
  restrict_oom_score_adj = true
  enable_unprivileged_ports = true
  enable_unprivileged_icmp = true
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = ${quote(pluginFolder)}
    conf_dir = "/etc/cni/net.d"
`;
}

/** The plugin list that flannel installs, with its delegate included, followed by these plugins. */
export function networkList(podNetworks: readonly string[], ...more: readonly object[]): object {
  return {
    cniVersion: '1.0.0',
    name: 'cbr0',
    plugins: [
      {
        type: 'bridge',
        bridge: 'cni0',
        mtu: podMtu,
        isGateway: true,
        isDefaultGateway: true,
        hairpinMode: true,
        ipMasq: false,
        ipam: {
          type: 'host-local',
          ranges: podNetworks.map((subnet) => [{ subnet }]),
          routes: podNetworks.map((subnet) => ({ dst: clusterNetworkOf(subnet) })),
          dataDir: '/var/lib/cni/networks',
        },
      },
      ...more,
    ],
  };
}

/** The content of /run/flannel/subnet.env, as written by flannel. */
export function flannelSubnet(podNetworks: readonly string[]): string {
  return [
    ...podNetworks.flatMap((network) =>
      network.includes(':')
        ? [
            `FLANNEL_IPV6_NETWORK=${clusterNetwork6}`,
            `FLANNEL_IPV6_SUBNET=${network.replace('::/', '::1/')}`,
          ]
        : [`FLANNEL_NETWORK=${clusterNetwork}`, `FLANNEL_SUBNET=${network.replace('.0/', '.1/')}`],
    ),
    `FLANNEL_MTU=${podMtu}`,
    'FLANNEL_IPMASQ=false\n',
  ].join('\n');
}

function clusterNetworkOf(podNetwork: string): string {
  return podNetwork.includes(':') ? clusterNetwork6 : clusterNetwork;
}
