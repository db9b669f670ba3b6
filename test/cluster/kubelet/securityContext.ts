import type {
  LinuxSecurityContext,
  NamespaceOption,
  SecurityProfile,
} from '../nodes/criMessages.ts';
import { type Container, type Pod, podFullName } from './pod.ts';

/** The kubelet's default paths that unprivileged containers must not see or change. */
const maskedPaths = [
  ...['/proc/asound', '/proc/acpi', '/proc/interrupts', '/proc/kcore', '/proc/keys'],
  ...['/proc/latency_stats', '/proc/timer_list', '/proc/timer_stats', '/proc/sched_debug'],
  ...['/proc/scsi', '/sys/firmware', '/sys/devices/virtual/powercap'],
];
const readonlyPaths = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

/** The user of the container's processes. The images of this cluster all specify root. */
export function userOf(
  container: Container,
  pod: Pod,
): { uid: number; gid: number; supplementalGroups: number[] } {
  const shared = pod.spec.securityContext;
  const gid = container.securityContext?.runAsGroup ?? shared?.runAsGroup ?? 0;
  const groups = [gid, ...(shared?.supplementalGroups ?? [])];
  if (shared?.fsGroup !== undefined) groups.push(shared.fsGroup);
  return {
    uid: container.securityContext?.runAsUser ?? shared?.runAsUser ?? 0,
    gid,
    supplementalGroups: [...new Set(groups)],
  };
}

/** Throws with the kubelet's message if the container would run as root and must not. */
export function refuseRoot(container: Container, pod: Pod): void {
  const shared = pod.spec.securityContext;
  const nonRoot = container.securityContext?.runAsNonRoot ?? shared?.runAsNonRoot;
  if (!nonRoot || userOf(container, pod).uid !== 0) return;
  const where = `(pod: "${podFullName(pod)}", container: ${container.name})`;
  const user = container.securityContext?.runAsUser ?? shared?.runAsUser;
  if (user === 0) throw new Error(`container's runAsUser breaks non-root policy ${where}`);
  throw new Error(`container has runAsNonRoot and image will run as root ${where}`);
}

/** The namespaces that the container shares. `target` is the container whose process namespace it joins. */
export function namespacesOf(pod: Pod, target?: string): NamespaceOption {
  const { hostNetwork, hostPID, hostIPC, shareProcessNamespace } = pod.spec;
  const own = hostPID ? 'NODE' : shareProcessNamespace ? 'POD' : 'CONTAINER';
  return {
    network: hostNetwork ? 'NODE' : 'POD',
    ipc: hostIPC ? 'NODE' : 'POD',
    ...(target && own === 'CONTAINER' ? { pid: 'TARGET', targetId: target } : { pid: own }),
  };
}

export function linuxSecurity(
  container: Container,
  pod: Pod,
  target: string | undefined,
): LinuxSecurityContext {
  const own = container.securityContext ?? {};
  const shared = pod.spec.securityContext ?? {};
  const privileged = own.privileged ?? false;
  const runAsUser = own.runAsUser ?? shared.runAsUser;
  const runAsGroup = own.runAsGroup ?? shared.runAsGroup;
  return {
    privileged,
    capabilities: {
      addCapabilities: [...(own.capabilities?.add ?? [])],
      dropCapabilities: [...(own.capabilities?.drop ?? [])],
    },
    namespaceOptions: namespacesOf(pod, target),
    ...(runAsUser !== undefined && { runAsUser: { value: runAsUser } }),
    // The runtime rejects a group without a user.
    ...(runAsGroup !== undefined && {
      runAsUser: { value: runAsUser ?? 0 },
      runAsGroup: { value: runAsGroup },
    }),
    supplementalGroups: userOf(container, pod).supplementalGroups.slice(1),
    readonlyRootfs: own.readOnlyRootFilesystem ?? false,
    noNewPrivs: own.allowPrivilegeEscalation === false,
    maskedPaths: privileged ? [] : maskedPaths,
    readonlyPaths: privileged ? [] : readonlyPaths,
    seccomp: seccompProfile(own.seccompProfile ?? shared.seccompProfile),
  };
}

/** A kubelet leaves containers unconfined unless they request a profile. */
export function seccompProfile(profile: { readonly type: string } | undefined): SecurityProfile {
  return { profileType: profile?.type === 'RuntimeDefault' ? 'RuntimeDefault' : 'Unconfined' };
}
