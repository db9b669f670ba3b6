import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { digests, hostPathsOf, pauseImage } from '../cluster/images/catalogue.ts';
import { findPluginFolder } from '../cluster/nodes/nodeFiles.ts';
import { CLUSTER_DNS, POD_NETWORK } from './addresses.ts';

/** The values in a node's own files. */
export interface NodeFiles {
  readonly name: string;
  /** The node's folder on this machine. */
  readonly folder: string;
  readonly address: string;
  /** Folder of the binaries. */
  readonly binaries: string;
  /** Folder of certificates and kubeconfig files. */
  readonly credentials: string;
  readonly proxyMode: 'iptables' | 'nftables';
}

/** The programs of every node. Each is started by its name. */
export type PartName = 'containerd' | 'kubelet' | 'kube-proxy';

/** Writes the configuration of the programs on every node into its folder, and the commands that start them. */
export async function writeNodeFiles(node: NodeFiles): Promise<void> {
  const plugins = await findPluginFolder();
  if (!plugins) throw new Error('no CNI plugins on this machine');
  const put = async (name: string, text: string) => {
    const path = join(node.folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
    return path;
  };
  const runc = join(node.folder, 'runc');
  const [containerd, kubelet, proxy] = await Promise.all([
    put('containerd.toml', containerdConfig(runc, plugins)),
    put('kubelet.json', JSON.stringify(kubeletConfig(node), undefined, 2)),
    put('kube-proxy.json', JSON.stringify(proxyConfig(node), undefined, 2)),
    put('host-paths', hostPaths()),
    copyFile(new URL('runc.sh', import.meta.url), runc),
  ]);
  const program = (name: PartName) => join(node.binaries, name);
  const parts: Record<PartName, string[]> = {
    containerd: [program('containerd'), '--config', containerd],
    kubelet: [
      ...[program('kubelet'), `--config=${kubelet}`, `--hostname-override=${node.name}`],
      ...[`--node-ip=${node.address}`, `--kubeconfig=${credential(node, 'kubelet.kubeconfig')}`],
    ],
    'kube-proxy': [
      ...[program('kube-proxy'), `--config=${proxy}`, `--hostname-override=${node.name}`],
    ],
  };
  for (const [name, words] of Object.entries(parts)) await writePart(node.folder, name, words);
}

/** Makes a command startable on a node by that name. */
export async function writePart(
  folder: string,
  name: string,
  words: readonly string[],
): Promise<void> {
  await mkdir(join(folder, 'parts'), { recursive: true });
  await writeFile(join(folder, 'parts', name), words.map((word) => `${word}\n`).join(''));
}

function credential({ credentials, name }: NodeFiles, file: string): string {
  return join(credentials, `${name}-${file}`);
}

/** See containerd's docs/cri/config.md, version 3. */
function containerdConfig(runc: string, pluginFolder: string): string {
  const quote = JSON.stringify;
  return `version = 3
root = "/var/lib/containerd"
state = "/run/containerd"
# What this machine's kernel lacks, or nobody asks for.
disabled_plugins = [
  "io.containerd.snapshotter.v1.blockfile",
  "io.containerd.snapshotter.v1.erofs",
  "io.containerd.differ.v1.erofs",
  "io.containerd.nri.v1.nri",
  "io.containerd.internal.v1.tracing",
  "io.containerd.tracing.processor.v1.otlp",
]

[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = ${quote(pauseImage)}
[plugins."io.containerd.cri.v1.runtime"]
  disable_apparmor = true
  disable_hugetlb_controller = true
  tolerate_missing_hugetlb_controller = true
  # Only a process with CAP_SYS_RESOURCE may protect others from the kernel's memory killer.
  restrict_oom_score_adj = true
  enable_unprivileged_ports = false
  enable_unprivileged_icmp = false
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
  BinaryName = ${quote(runc)}
  SystemdCgroup = false
[plugins."io.containerd.cri.v1.runtime".cni]
  bin_dirs = [${quote(pluginFolder)}]
  conf_dir = "/etc/cni/net.d"
`;
}

/** See kubelet.config.k8s.io/v1beta1. Other fields have their defaults. */
function kubeletConfig(node: NodeFiles): object {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: join(node.credentials, 'ca.crt') },
    },
    authorization: { mode: 'Webhook' },
    tlsCertFile: credential(node, 'kubelet-server.crt'),
    tlsPrivateKeyFile: credential(node, 'kubelet-server.key'),
    containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
    cgroupDriver: 'cgroupfs',
    // Some of these machines still use control groups of version 1, and some have swap.
    failCgroupV1: false,
    failSwapOn: false,
    // It does not run in a user namespace. This makes it tolerate kernel settings that it may not change.
    featureGates: { KubeletInUserNamespace: true },
    clusterDNS: [CLUSTER_DNS],
    clusterDomain: 'cluster.local',
    resolvConf: '',
    staticPodPath: '/etc/kubernetes/manifests',
    // A deleted image could not be pulled again, so images are never deleted, however full the disk is.
    imageGCHighThresholdPercent: 100,
    imageMinimumGCAge: '24h',
    evictionHard: {
      'memory.available': '50Mi',
      'nodefs.available': '1%',
      'nodefs.inodesFree': '1%',
      'imagefs.available': '1%',
    },
    maxPods: 250,
    serializeImagePulls: false,
    syncFrequency: '30s',
  };
}

/** See kubeproxy.config.k8s.io/v1alpha1. */
function proxyConfig(node: NodeFiles): object {
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    clientConnection: { kubeconfig: join(node.credentials, 'kube-proxy.kubeconfig') },
    mode: node.proxyMode,
    clusterCIDR: POD_NETWORK,
    // The limits of connection tracking belong to the machine, not to this network namespace.
    conntrack: { maxPerCore: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
  };
}

/** For runc.sh. Names omit Docker's registry, as in most pods. */
function hostPaths(): string {
  const byTag = Object.entries(hostPathsOf);
  const byDigest = Object.entries(digests).map(([name, tag]): [string, readonly string[]] => [
    name,
    hostPathsOf[tag] ?? [],
  ]);
  return [...byTag, ...byDigest]
    .map(([name, paths]) => `${name.replace(/^docker\.io\/(library\/)?/, '')}=${paths.join(':')}\n`)
    .join('');
}
