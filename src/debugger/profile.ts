import type { SecurityContext } from '../kube/pod.ts';
import { tcpdumpChangesUser } from './image.ts';

/**
 * What a debugger may do. `network`: captures, sockets, interfaces; it shares the pod's network
 * alone. `processes`: the names behind sockets; it shares a container's processes too.
 */
export type Profile = 'network' | 'processes';

/**
 * The least that works, uid 0 included: added capabilities reach only root, and both fields must be
 * set or a pod that demands a non-root user would have its way.
 */
export function securityContext(profile: Profile, image: string): SecurityContext {
  return {
    runAsUser: 0,
    runAsNonRoot: false,
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'], add: capabilities(profile, image) },
    seccompProfile: { type: 'RuntimeDefault' },
  };
}

function capabilities(profile: Profile, image: string): string[] {
  // To see which process holds a socket: SYS_PTRACE to look into a process with other privileges,
  // DAC_OVERRIDE to open the /proc/PID/fd of another user, which is readable by its owner only.
  // (DAC_READ_SEARCH would do too, but lets a container open files of its host by handle.)
  if (profile === 'processes') return ['DAC_OVERRIDE', 'SYS_PTRACE'];
  return tcpdumpChangesUser(image) ? ['NET_RAW', 'SETGID', 'SETUID'] : ['NET_RAW'];
}
