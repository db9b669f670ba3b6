import type { SocketProtocol, SocketState, UnixType } from '../tools/socket.ts';

/** Properties that many sockets share. */
export interface SocketKind {
  readonly pod: string | undefined;
  readonly protocol: SocketProtocol;
  readonly type: UnixType | undefined;
  readonly state: SocketState;
  readonly listening: boolean;
  readonly dualStack: boolean | undefined;
}

/** An endpoint without its number (port or inode). The address of a unix socket is its path. */
export interface Host {
  readonly address: string;
  readonly zone: string | undefined;
}

const PROTOCOLS: readonly SocketProtocol[] = ['tcp', 'tcp6', 'udp', 'udp6', 'unix'];

/** Sorts by pod, then listeners first, then by protocol. */
export function compareKinds(a: SocketKind, b: SocketKind): number {
  return (
    compareTexts(a.pod ?? '', b.pod ?? '') ||
    Number(b.listening) - Number(a.listening) ||
    PROTOCOLS.indexOf(a.protocol) - PROTOCOLS.indexOf(b.protocol)
  );
}

export function compareHosts(a: Host, b: Host): number {
  return compareTexts(a.address, b.address) || compareTexts(a.zone ?? '', b.zone ?? '');
}

function compareTexts(a: string, b: string): number {
  if (a === b) {
    return 0;
  }
  return a < b ? -1 : 1;
}
