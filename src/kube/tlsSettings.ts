import type { SecureContext } from 'node:tls';

/** What Node's TLS needs to reach and trust the server, and to be trusted by it. */
export interface TlsSettings {
  readonly ca?: Buffer;
  readonly cert?: Buffer | string;
  readonly key?: Buffer | string;
  /** Made of the three above, so that not every connection makes one. */
  readonly secureContext?: SecureContext;
  readonly rejectUnauthorized: boolean;
  readonly servername?: string;
}
