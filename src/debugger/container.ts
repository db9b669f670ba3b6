import type { EphemeralContainer, Pod, PullPolicy } from '../kube/pod.ts';
import mainScript from './main.sh';
import { type EphemeralLevel, type Profile, securityContext } from './profile.ts';

/** Which kinds of debugger may be used: `auto` is the first that works. */
export type Via = 'auto' | 'ephemeral' | 'node';

/** What kind of debugger is needed. */
export interface DebuggerRequest {
  readonly profile: Profile;
  /** The container whose processes are shared; only with the profile `processes`. */
  readonly target?: string;
  readonly image: string;
  readonly pullPolicy: PullPolicy;
  /** Idle seconds after which the debugger exits by itself. */
  readonly ttl: number;
  /** A volume of the pod that the debugger mounts at VOLUME_PATH, readable and writable. */
  readonly volume?: string;
  /** `auto` when absent. */
  readonly via?: Via;
  /** The namespace of a node debugger; the target's namespace when absent. */
  readonly nodeNamespace?: string;
  /** Milliseconds after which it is no longer needed, if known. */
  readonly lifetime?: number;
  /** What the debugger is for, in one word: `capture`. Shown to people who find it. */
  readonly command?: string;
  /** For a debugger of the node itself: whether it enters other network namespaces. */
  readonly entersAny?: boolean;
  /** Idle seconds that a node debugger stays after its command, for the next command. */
  readonly keepNode?: number;
}

export const VOLUME_PATH = '/netdebug-volume';

export function volumeMounts(volume: string | undefined): Pick<EphemeralContainer, 'volumeMounts'> {
  return volume === undefined ? {} : { volumeMounts: [{ name: volume, mountPath: VOLUME_PATH }] };
}

/** How debuggers are created: the part of a request that comes from settings and flags. */
export type DebuggerSettings = Pick<
  DebuggerRequest,
  'image' | 'pullPolicy' | 'ttl' | 'via' | 'nodeNamespace'
>;

/**
 * Marks our containers in a pod's spec with the version of the main script's contract, and with the image as it was
 * requested, because admission may rewrite the one in the spec.
 */
export function marks(image: string): { name: string; value: string }[] {
  return [
    { name: 'NETDEBUG', value: '1' },
    { name: 'NETDEBUG_IMAGE', value: image },
  ];
}

export function debuggerContainer(
  name: string,
  request: DebuggerRequest,
  accessLevel: EphemeralLevel = 'least',
): EphemeralContainer {
  return {
    name,
    image: request.image,
    imagePullPolicy: request.pullPolicy,
    command: ['sh', '-c', mainScript, 'netdebug', String(request.ttl)],
    env: marks(request.image),
    securityContext: securityContext(request.profile, request.image, accessLevel),
    ...(request.target !== undefined && { targetContainerName: request.target }),
    ...volumeMounts(request.volume),
  };
}

/** The debuggers in a pod that could serve the request, in the order they were added. */
export function matchingDebuggers(pod: Pod, request: DebuggerRequest): EphemeralContainer[] {
  return (pod.spec.ephemeralContainers ?? []).filter(
    (container) =>
      container.name.startsWith(baseName(request.profile)) &&
      marks(request.image).every((mark) =>
        container.env?.some(({ name, value }) => name === mark.name && value === mark.value),
      ) &&
      container.targetContainerName === request.target &&
      container.volumeMounts?.[0]?.name === request.volume,
  );
}

/** The first name for this profile that no container of the pod uses. */
export function freeName(pod: Pod, profile: Profile): string {
  const { containers, initContainers = [], ephemeralContainers = [] } = pod.spec;
  const taken = new Set(
    [...containers, ...initContainers, ...ephemeralContainers].map(({ name }) => name),
  );
  const base = baseName(profile);
  let name = base;
  for (let count = 2; taken.has(name); count++) name = `${base}-${count}`;
  return name;
}

/** The name of the first debugger with this profile in a pod. */
export function baseName(profile: Profile): string {
  return `netdebug-${profile}`;
}
