import type { Certificate } from '../../packets/certificate.ts';

/** An alert that was sent in the clear. */
export interface TlsAlert {
  readonly byClient: boolean;
  /** 2 fatal, 1 warning. */
  readonly level: number;
  readonly description: number;
  readonly packet: number;
  readonly time: number;
}

/** What the visible part of a TLS handshake says. Times are nanoseconds since the capture's start. */
export class TlsFacts {
  clientHelloPacket = 0;
  clientHelloTime = 0;
  serverHelloPacket = 0;
  serverHelloTime = 0;
  /** Of the first ClientHello: the highest version first. */
  offeredVersions: readonly number[] = [];
  serverName: string | undefined;
  offeredAlpn: readonly string[] = [];
  isEncryptedHello = false;
  /** Of the ServerHello: 0 before it. */
  version = 0;
  cipher = 0;
  alpn: string | undefined;
  certificate: Certificate | undefined;
  readonly alerts: TlsAlert[] = [];
  /** A hello began, and its rest is not in the capture. */
  isIncomplete = false;
}
