import type { ContainerConfig, CriImage } from '../nodes/criMessages.ts';
import { environmentOf } from './environment.ts';
import { expandVariables } from './expansion.ts';
import { mountsOf } from './mounts.ts';
import type { Container, Pod } from './pod.ts';
import type { PodFolder } from './podFolder.ts';
import { linuxResources } from './resources.ts';
import { podLabels } from './sandboxConfig.ts';
import { linuxSecurity, refuseRoot } from './securityContext.ts';

/** The information needed to create a container. */
export interface Surroundings {
  readonly pod: Pod;
  readonly folder: PodFolder;
  readonly podIp: string;
  readonly attempt: number;
  readonly image: CriImage;
  /** ID of the container whose process namespace it joins. */
  readonly target?: string;
}

/** The runtime's configuration for a container. Throws if its pod forbids it. */
export async function containerConfig(
  container: Container,
  { pod, folder, podIp, attempt, image, target }: Surroundings,
): Promise<ContainerConfig> {
  refuseRoot(container, pod);
  const env = environmentOf(container, pod);
  const expanded = (words: readonly string[] = []) =>
    words.map((word) => expandVariables(word, env));
  await folder.prepareLog(container.name);
  const place = { image: image.repoTags[0] ?? '', attempt, podIp };
  return {
    metadata: { name: container.name, attempt },
    // The ID instead of the reference, as the kubelet does, because the runtime may know other names.
    image: { image: image.id },
    command: expanded(container.command),
    args: expanded(container.args),
    workingDir: container.workingDir ?? '',
    envs: [...env].map(([key, value]) => ({ key, value })),
    mounts: await mountsOf(container, pod, folder, place),
    labels: { ...podLabels(pod), 'io.kubernetes.container.name': container.name },
    annotations: { 'io.kubernetes.container.restartCount': String(attempt) },
    logPath: folder.logPath(container.name, attempt),
    stdin: container.stdin ?? false,
    stdinOnce: container.stdinOnce ?? false,
    tty: container.tty ?? false,
    linux: {
      resources: linuxResources(container.resources),
      securityContext: linuxSecurity(container, pod, target),
    },
  };
}
