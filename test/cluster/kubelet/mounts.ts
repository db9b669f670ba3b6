import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { hostPathsOf } from '../images/catalogue.ts';
import type { Mount } from '../nodes/criMessages.ts';
import type { Container, Pod, Volume, VolumeMount } from './pod.ts';
import type { PodFolder } from './podFolder.ts';

const propagation = {
  None: 'PROPAGATION_PRIVATE',
  HostToContainer: 'PROPAGATION_HOST_TO_CONTAINER',
  Bidirectional: 'PROPAGATION_BIDIRECTIONAL',
} as const;

/** Everything that is mounted into a container. `image` is its complete reference. */
export async function mountsOf(
  container: Container,
  pod: Pod,
  folder: PodFolder,
  { image, attempt, podIp }: { image: string; attempt: number; podIp: string },
): Promise<Mount[]> {
  const volumes = (container.volumeMounts ?? []).map((mount) => volumeMount(mount, pod, folder));
  const message = await folder.prepareTerminationMessage(container.name, attempt);
  return [
    ...(hostPathsOf[image] ?? []).map(readOnly),
    ...(await Promise.all(volumes)),
    ...(pod.spec.hostNetwork ? [] : [await hostsMount(pod, folder, podIp)]),
    {
      containerPath: container.terminationMessagePath ?? '/dev/termination-log',
      hostPath: message,
      readonly: false,
    },
  ];
}

function readOnly(path: string): Mount {
  return { containerPath: path, hostPath: path, readonly: true };
}

async function volumeMount(mount: VolumeMount, pod: Pod, folder: PodFolder): Promise<Mount> {
  const volume = pod.spec.volumes?.find(({ name }) => name === mount.name);
  const path = await volumePath(mount.name, volume, folder);
  return {
    containerPath: mount.mountPath,
    hostPath: mount.subPath ? join(path, mount.subPath) : path,
    readonly: mount.readOnly ?? false,
    propagation: propagation[mount.mountPropagation ?? 'None'],
  };
}

/** All kinds except hostPath are empty folders, because the tests do not read secrets or tokens. */
async function volumePath(
  name: string,
  volume: Volume | undefined,
  folder: PodFolder,
): Promise<string> {
  if (volume?.hostPath) return volume.hostPath.path;
  if (!volume?.emptyDir) return folder.volume('projected', name);
  const path = await folder.volume('empty-dir', name);
  await chmod(path, 0o777);
  return path;
}

async function hostsMount(pod: Pod, folder: PodFolder, podIp: string): Promise<Mount> {
  const hostname = pod.spec.hostname ?? pod.metadata.name;
  return {
    containerPath: '/etc/hosts',
    hostPath: await folder.hostsFile(hostname, podIp),
    readonly: false,
  };
}
