import type { CapturedInterface, NamedAddress } from './packetCursor.ts';

/** Where packets were recorded. */
export interface RecordedAt {
  /** The interface there: eth0, any. */
  readonly device: string;
  readonly node: string;
  /** Absent when the node itself was the target. */
  readonly pod?: { readonly name: string; readonly namespace: string };
  /** The pod's own addresses, of 4 or 16 bytes each: the file gives them the pod's name. */
  readonly addresses?: readonly Buffer[];
  /** The image of the container whose packets they are. */
  readonly image?: string;
  /** The capture filter, as it was given to the recorder. */
  readonly filter?: string;
  /** The node's operating system, as the cluster names it. */
  readonly os?: string;
  /** How far the node's clock was ahead of this computer's, and how sure that is; milliseconds. */
  readonly clockOffset?: { readonly ahead: number; readonly uncertainty: number };
}

/**
 * How an interface of a pod is described in a file of several: named so that it is unique and tells
 * the pod in Wireshark's column, with each fact in a comment of its own.
 *
 * A clock's offset is written down and the packets' times are left as they were recorded: they agree
 * with the node's logs, and an estimate that is wrong by half a round trip could turn the order of
 * request and answer round without a trace.
 */
export function describeInterface(at: RecordedAt, captured: CapturedInterface): CapturedInterface {
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
    at.clockOffset && `clock offset: ${clockOffset(at.clockOffset)}`,
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

/** The names that the file gives to the pod's addresses. */
export function namesOf({ pod, addresses = [] }: RecordedAt): NamedAddress[] {
  if (!pod) return [];
  return addresses.map((address) => ({ address, name: `${pod.namespace}/${pod.name}` }));
}

function clockOffset({ ahead, uncertainty }: { ahead: number; uncertainty: number }): string {
  const direction = ahead < 0 ? 'behind' : 'ahead of';
  const amount = `${Math.abs(ahead).toFixed(1)} ms`;
  return `${amount} ${direction} the computer that wrote this file (± ${uncertainty.toFixed(1)} ms); times are as the node recorded them`;
}
