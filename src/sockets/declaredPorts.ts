import type { Container, ContainerPort, Pod } from '../kube/pod.ts';
import type { InternetEndpoint, Socket } from '../tools/socket.ts';
import { isListening } from '../tools/socket.ts';
import type { Selection } from '../tools/socketSelection.ts';

/** Further lines would not tell more than the first ones. */
const MAX_LINES = 20;

/** A pod and its listed sockets. */
export interface ListedPod {
  readonly pod: Pod;
  readonly sockets: Iterable<Socket>;
}

/**
 * Compares the ports in the specs of pods with the sockets that listen in them: host ports that lead to them, and
 * declared ports on which nothing listens, or only on loopback. Returns lines for the user. Pods with the same result
 * share a line.
 */
export function declaredPorts(listed: readonly ListedPod[], selection: Selection): string[] {
  const podsByText = new Map<string, string[]>();
  for (const { pod, sockets } of listed)
    for (const text of podTexts(pod, sockets, selection)) {
      const pods = podsByText.get(text) ?? [];
      pods.push(pod.metadata.name);
      podsByText.set(text, pods);
    }
  const lines = [...podsByText].map(([text, [first, ...others]]) => {
    const pods = others.length === 0 ? `pod "${first}"` : `${others.length + 1} pods`;
    return `${pods}: ${text}`;
  });
  const more = lines.length - MAX_LINES;
  return more > 0 ? [...lines.slice(0, MAX_LINES), `and ${more} more lines like this`] : lines;
}

function* podTexts(
  { spec }: Pod,
  sockets: Iterable<Socket>,
  selection: Selection,
): Generator<string> {
  const sidecars = (spec.initContainers ?? []).filter(
    ({ restartPolicy }) => restartPolicy === 'Always',
  );
  const declared = [...spec.containers, ...sidecars].flatMap((container) =>
    (container.ports ?? []).map((port) => ({ container, port })),
  );
  if (declared.length === 0) return;
  const listeners = listenersOf(sockets);
  for (const { container, port } of declared) {
    const protocol = (port.protocol ?? 'TCP').toLowerCase();
    if (port.hostPort !== undefined && !spec.hostNetwork) yield hostPortText(port);
    // Only if all sockets that could listen were listed.
    const isListed = protocol === 'tcp' ? selection.tcp : protocol === 'udp' && selection.udp;
    if (!isListed || !selection.ipv4 || !selection.ipv6) continue;
    const addresses = listeners.get(`${protocol} ${port.containerPort}`);
    if (!addresses) yield `${portText(container, port)} is declared, but nothing listens on it`;
    else if ([...addresses].every(isLoopback))
      yield `${portText(container, port)} is only open on ${[...addresses].join(', ')}: other pods cannot reach it`;
  }
}

/** The local addresses of listeners, by protocol and port. */
function listenersOf(sockets: Iterable<Socket>): Map<string, Set<string>> {
  const listeners = new Map<string, Set<string>>();
  for (const socket of sockets) {
    if (!isListening(socket) || socket.protocol === 'unix') continue;
    const { address, port } = socket.local as InternetEndpoint;
    const key = `${socket.protocol.replace('6', '')} ${port}`;
    const addresses = listeners.get(key) ?? new Set();
    listeners.set(key, addresses.add(address));
  }
  return listeners;
}

function isLoopback(address: string): boolean {
  return address === '::1' || /^(?:::ffff:)?127\./.test(address);
}

function portText({ name: container }: Container, port: ContainerPort): string {
  const name = port.name === undefined ? '' : ` (${port.name})`;
  return `port ${port.containerPort}/${port.protocol ?? 'TCP'}${name} of container ${container}`;
}

function hostPortText({
  hostIP,
  hostPort,
  containerPort,
  protocol = 'TCP',
}: ContainerPort): string {
  const on = hostIP === undefined ? '' : ` on ${hostIP}`;
  return `port ${hostPort}/${protocol} of its node${on} (hostPort) leads to port ${containerPort}`;
}
