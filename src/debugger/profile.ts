import type { SecurityContext } from '../kube/pod.ts';
import { tcpdumpChangesUser } from './image.ts';

/**
 * What a debugger may do. `network`: captures, sockets, interfaces; it shares the pod's network
 * alone. `processes`: the names behind sockets; it shares a container's processes too.
 * On nodes only: `facts` reads the network of a node and of everything on it; `rules` reads packet
 * filters as well, which takes NET_ADMIN, and NET_RAW for iptables-legacy; `probe` captures too.
 */
export type Profile = 'network' | 'processes' | 'facts' | 'rules' | 'probe';

/**
 * How a debugger comes by its rights, in the order in which they are tried.
 * - least: an ephemeral container with the capabilities needed and no other
 * - baseline: one with the runtime's own set and nothing added, as Pod Security's baseline allows it
 * - node: a pod of its own on the pod's node
 */
export type AccessLevel = EphemeralLevel | 'node';
export type EphemeralLevel = 'least' | 'baseline';

/**
 * The rights of an ephemeral debugger, uid 0 included: capabilities reach only root, and both fields
 * must be set or a pod that demands a non-root user would have its way.
 */
export function securityContext(
  profile: Profile,
  image: string,
  accessLevel: EphemeralLevel,
): SecurityContext {
  return {
    runAsUser: 0,
    runAsNonRoot: false,
    allowPrivilegeEscalation: false,
    ...(accessLevel === 'least' && {
      capabilities: { drop: ['ALL'], add: capabilities(profile, image) },
    }),
    seccompProfile: { type: 'RuntimeDefault' },
  };
}

function capabilities(profile: Profile, image: string): string[] {
  // To see which process holds a socket: SYS_PTRACE to look into a process with other privileges,
  // DAC_OVERRIDE to open the /proc/PID/fd of another user, which is readable by its owner only.
  // (DAC_READ_SEARCH would do too, but lets a container open files of its host by handle.)
  if (profile === 'processes') return ['DAC_OVERRIDE', 'SYS_PTRACE'];
  return toCapture(image);
}

/**
 * What the tcpdump of an image needs to capture. One that changes its user sets its groups even when it
 * stays root, which takes SETGID; built with libcap-ng it raises SETUID too, whether it needs it or not.
 */
export function toCapture(image: string): string[] {
  return tcpdumpChangesUser(image) ? ['NET_RAW', 'SETGID', 'SETUID'] : ['NET_RAW'];
}
