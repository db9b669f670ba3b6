import type { Access } from '../../kube/authentication.ts';
import { run } from '../../kube/run.ts';
import { Problem } from '../../problem.ts';
import type { ContainerRef } from '../leasedProcess.ts';
import lookScript from './look.sh';

/** What a node debugger found (see hold.sh). */
export type TargetNetwork =
  /** The process on the node that holds the pod's network open as descriptor 9. */
  | { readonly kind: 'pod'; readonly holder: number }
  /** Ports on which the node accepts the connections that carry our output. */
  | { readonly kind: 'node'; readonly ports: readonly number[] }
  | { readonly kind: 'nowhere' }
  /** `confined`: AppArmor confines the debugger, which may be the reason. */
  | { readonly kind: 'denied'; readonly confined: boolean }
  | { readonly kind: 'missing'; readonly program: string };

/** The kubelet's port, whether ownPorts.sh finds it or not. */
const KUBELET_PORT = 10250;

/** Asks a running node debugger what it found. */
export async function findTarget(
  access: Access,
  { namespace, pod, container }: ContainerRef,
  signal?: AbortSignal,
): Promise<TargetNetwork> {
  const command = ['sh', '-c', lookScript, 'look'];
  const { stdout, stderr } = await run(access, {
    ...{ namespace, pod, container, command },
    ...(signal && { signal }),
  });
  const network = parseTargetNetwork(stdout.trim());
  if (!network)
    throw new Problem(`the node's debugger did not find its target: ${stderr.trim() || stdout}`, {
      kind: 'command-failed',
    });
  return network;
}

export function parseTargetNetwork(line: string): TargetNetwork | undefined {
  const [word, ...rest] = line.split(/\s+/);
  const [first = ''] = rest;
  switch (word) {
    case 'pid':
      return /^\d+$/.test(first) ? { kind: 'pod', holder: Number(first) } : undefined;
    case 'ports': {
      const ports = rest.map(Number).filter((port) => port > 0 && port < 65_536);
      return { kind: 'node', ports: [...new Set([KUBELET_PORT, ...ports])] };
    }
    case 'nowhere':
      return { kind: 'nowhere' };
    case 'denied':
      return { kind: 'denied', confined: first !== '' && first !== 'unconfined' };
    case 'missing':
      return { kind: 'missing', program: first };
    default:
      return undefined;
  }
}
