import type { SecurityContext } from '../kube/pod.ts';
import { tcpdumpChangesUser } from './image.ts';

/**
 * What a debugger may do.
 * - network: captures, sockets, interfaces; shares only the pod's network
 * - processes: names of the processes that own sockets; also shares a container's processes
 * - facts: reads the network of a node and of everything on it; on nodes only
 * - rules: also reads packet filters, which needs NET_ADMIN, and NET_RAW for iptables-legacy; on nodes only
 * - probe: also captures; on nodes only
 */
export type Profile = 'network' | 'processes' | 'facts' | 'rules' | 'probe';

/**
 * How a debugger gets its rights, in the order in which the levels are tried.
 * - least: an ephemeral container with only the capabilities it needs
 * - baseline: an ephemeral container with the runtime's default capabilities and no others, which Pod Security's
 *   baseline level allows
 * - node: a separate pod on the pod's node
 */
export type AccessLevel = EphemeralLevel | 'node';
export type EphemeralLevel = 'least' | 'baseline';

/**
 * The rights of an ephemeral debugger. It runs as uid 0 because only root gets capabilities. Both fields must be set to
 * override a pod that requires a non-root user.
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
  // To find the process that holds a socket: SYS_PTRACE to inspect a process with other privileges, DAC_OVERRIDE to
  // open the /proc/PID/fd of another user, which only its owner can read. (DAC_READ_SEARCH would be enough, but lets a
  // container open files of its host by handle.)
  if (profile === 'processes') return ['DAC_OVERRIDE', 'SYS_PTRACE'];
  return captureCapabilities(image);
}

/**
 * The capabilities that an image's tcpdump needs to capture. A tcpdump that changes its user sets its groups even if it
 * stays root, which needs SETGID. If built with libcap-ng, it also raises SETUID, whether needed or not.
 */
export function captureCapabilities(image: string): string[] {
  return tcpdumpChangesUser(image) ? ['NET_RAW', 'SETGID', 'SETUID'] : ['NET_RAW'];
}
