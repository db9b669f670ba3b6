import { type Clients, run } from './clients.ts';

/** An image with a whole Debian, and the debugger's image: both are on the local cluster's nodes. */
export const APP_IMAGE = 'registry.local/debian-nettools:12';
export const DEBUGGER_IMAGE = 'nicolaka/netshoot:v0.14';

/** The name that our program gives its debugger. */
export const OUR_DEBUGGER = 'netdebug-network';

export interface PodOptions {
  readonly command: readonly string[];
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly container?: Readonly<Record<string, unknown>>;
}

/** Makes a pod and waits until it runs. */
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
 * A datagram about every 4 ms, so that a capture never waits for traffic. `read` is what waits: a
 * sleep would be a process for every packet, and this machine's time is what is measured.
 */
export const CHATTER = [
  'bash',
  '-c',
  'exec 3<> <(:); while ! read -r -t 0.004 -u 3; do printf x > "/dev/udp/$0/9"; done',
];

/** Asks for the deletion of pods; nothing waits for it. */
export async function deletePods(clients: Clients, names: readonly string[]): Promise<void> {
  await run(clients, [clients.kubectl, 'delete', 'pod', '--wait=false', ...names]);
}
