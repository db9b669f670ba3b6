import type { CapturedInterface, NamedAddress } from './packetCursor.ts';

/** The place where packets were recorded. */
export interface CaptureLocation {
  /** The interface: eth0, any. */
  readonly device: string;
  readonly node: string;
  /** Undefined if the target was the node itself. */
  readonly pod?: { readonly name: string; readonly namespace: string };
  /** The addresses of the pod, of 4 or 16 bytes each, which get the pod's name in the file. */
  readonly addresses?: readonly Buffer[];
  /** The image of the container that was captured. */
  readonly image?: string;
  /** The capture filter that the recorder received. */
  readonly filter?: string;
  /** The operating system of the node, as Kubernetes reports it. */
  readonly os?: string;
  /** How far the node's clock was ahead of this computer's, and the uncertainty, in milliseconds. */
  readonly clockOffset?: { readonly ahead: number; readonly uncertainty: number };
}

/**
 * Describes the interface of a pod in a file of several pods. Its name is unique and shows the pod in Wireshark's
 * interface column; each fact has its own comment.
 *
 * The clock offset is noted, but the times of the packets stay as recorded: they match the node's logs, and an error of
 * half a round trip in the estimate could silently swap a request and its response.
 */
export function describeInterface(
  at: CaptureLocation,
  captured: CapturedInterface,
): CapturedInterface {
  const device = captured.name ?? at.device;
  const filter = at.filter ?? captured.filter;
  const os = at.os ?? captured.os;
  const { pod } = at;
  const place = pod
    ? `${device} of pod ${pod.namespace}/${pod.name} on node ${at.node}`
    : `${device} of node ${at.node}`;
  const facts = [
    pod && `pod: ${pod.name}`,
    pod && `namespace: ${pod.namespace}`,
    `node: ${at.node}`,
    at.image && `image: ${at.image}`,
    at.clockOffset && `clock offset: ${clockOffsetText(at.clockOffset)}`,
  ];
  return {
    linkType: captured.linkType,
    snapLength: captured.snapLength,
    resolution: captured.resolution,
    name: `${pod ? `${pod.namespace}/${pod.name}` : at.node}/${device}`,
    description: place,
    ...(filter !== undefined && { filter }),
    ...(os !== undefined && { os }),
    comments: [...facts.filter((fact) => fact !== undefined), ...captured.comments],
  };
}

/** The names of the pod's addresses in the file. */
export function podNames({ pod, addresses = [] }: CaptureLocation): NamedAddress[] {
  if (!pod) return [];
  return addresses.map((address) => ({ address, name: `${pod.namespace}/${pod.name}` }));
}

function clockOffsetText({ ahead, uncertainty }: { ahead: number; uncertainty: number }): string {
  const direction = ahead < 0 ? 'behind' : 'ahead of';
  const amount = `${Math.abs(ahead).toFixed(1)} ms`;
  return `${amount} ${direction} the computer that wrote this file (± ${uncertainty.toFixed(1)} ms); times are as the node recorded them`;
}
