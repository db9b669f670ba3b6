import { type Clients, run } from './clients.ts';

/** An image with a whole Debian, and the debugger's image. The local cluster's nodes have both. */
export const APP_IMAGE = 'registry.local/debian-nettools:12';
export const DEBUGGER_IMAGE = 'nicolaka/netshoot:v0.14';

/** The name of netdebug's debugger. */
export const OUR_DEBUGGER = 'netdebug-network';

export interface PodOptions {
  readonly command: readonly string[];
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly container?: Readonly<Record<string, unknown>>;
}

/** Creates a pod, and waits until it runs. */
export async function runPod(
  clients: Clients,
  name: string,
  { command, spec, container }: PodOptions,
): Promise<void> {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'main', image: APP_IMAGE, command, ...container }],
      ...spec,
    },
  };
  const { kubectl } = clients;
  await run(clients, [kubectl, 'create', '-f', '-'], { stdin: JSON.stringify(pod) });
  await run(clients, [kubectl, 'wait', '--for=condition=Ready', `pod/${name}`, '--timeout=60s']);
}

/**
 * Sends a datagram about every 4 ms, so that a capture never waits for traffic. It waits with `read`, because a sleep
 * would start a process for every packet, and take CPU time from the measurement.
 */
export const CHATTER = [
  'bash',
  '-c',
  'exec 3<> <(:); while ! read -r -t 0.004 -u 3; do printf x > "/dev/udp/$0/9"; done',
];

/** Requests the deletion of pods, without waiting for it. */
export async function deletePods(clients: Clients, names: readonly string[]): Promise<void> {
  await run(clients, [clients.kubectl, 'delete', 'pod', '--wait=false', ...names]);
}
