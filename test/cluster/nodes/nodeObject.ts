import { readFile } from 'node:fs/promises';
import { availableParallelism, release, totalmem } from 'node:os';
import { type NewObject, now } from '../store.ts';
import type { CriImage } from './criMessages.ts';
import type { ClusterNode } from './node.ts';

/** A node as its kubelet registers it. */
export async function nodeObject(
  node: ClusterNode,
  images: readonly CriImage[],
): Promise<NewObject> {
  const { name, addresses, podNetwork, podNetworks } = node;
  const resources = {
    cpu: String(availableParallelism()),
    'ephemeral-storage': '264212084Ki',
    'hugepages-1Gi': '0',
    'hugepages-2Mi': '0',
    memory: `${Math.floor(totalmem() / 1024)}Ki`,
    pods: '110',
  };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        'beta.kubernetes.io/arch': 'amd64',
        'beta.kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
      },
      annotations: {
        'node.alpha.kubernetes.io/ttl': '0',
        'volumes.kubernetes.io/controller-managed-attach-detach': 'true',
      },
    },
    spec: { podCIDR: podNetwork, podCIDRs: podNetworks },
    status: {
      capacity: resources,
      allocatable: resources,
      conditions: conditions(),
      addresses: [
        ...addresses.map((address) => ({ type: 'InternalIP', address })),
        { type: 'Hostname', address: name },
      ],
      daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
      nodeInfo: await nodeInfo(node),
      images: images.map(({ repoTags, size }) => ({ names: repoTags, sizeBytes: size })),
    },
  };
}

/** The conditions of a healthy node. */
export function conditions(): { type: string; [field: string]: string }[] {
  const time = now();
  return [
    [
      'MemoryPressure',
      'False',
      'KubeletHasSufficientMemory',
      'kubelet has sufficient memory available',
    ],
    ['DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
    ['PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
    ['Ready', 'True', 'KubeletReady', 'kubelet is posting ready status'],
  ].map(([type = '', status = '', reason = '', message = '']) => ({
    type,
    status,
    lastHeartbeatTime: time,
    lastTransitionTime: time,
    reason,
    message,
  }));
}

async function nodeInfo({ cri }: ClusterNode): Promise<object> {
  const [bootId, osRelease, version] = await Promise.all([
    readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
    readFile('/etc/os-release', 'utf8'),
    cri.version(),
  ]);
  return {
    machineID: bootId.trim().replaceAll('-', ''),
    systemUUID: bootId.trim(),
    bootID: bootId.trim(),
    kernelVersion: release(),
    osImage: /^PRETTY_NAME="?(.*?)"?$/m.exec(osRelease)?.[1] ?? 'Linux',
    containerRuntimeVersion: `containerd://${version}`,
    kubeletVersion: 'v1.36.2',
    kubeProxyVersion: '',
    operatingSystem: 'linux',
    architecture: 'amd64',
  };
}
