import type { Certificate } from '../../packets/certificate.ts';

/** An unencrypted alert. */
export interface TlsAlert {
  readonly byClient: boolean;
  /** 2 fatal, 1 warning. */
  readonly level: number;
  readonly description: number;
  readonly packet: number;
  readonly time: number;
}

/** The unencrypted part of a TLS handshake. Times are nanoseconds since the start of the capture. */
export class TlsFacts {
  clientHelloPacket = 0;
  clientHelloTime = 0;
  serverHelloPacket = 0;
  serverHelloTime = 0;
  /** From the first ClientHello, the highest version first. */
  offeredVersions: readonly number[] = [];
  serverName: string | undefined;
  offeredAlpn: readonly string[] = [];
  isEncryptedHello = false;
  /** From the ServerHello; 0 before it. */
  version = 0;
  cipher = 0;
  alpn: string | undefined;
  certificate: Certificate | undefined;
  readonly alerts: TlsAlert[] = [];
  /** The rest of a hello is missing from the capture. */
  isIncomplete = false;
}
