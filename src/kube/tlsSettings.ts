import type { SecureContext } from 'node:tls';

/** What Node's TLS needs to reach and trust the server, and to be trusted by it. */
export interface TlsSettings {
  readonly ca?: Buffer;
  /** What the system trusts, in PEM, where there is no `ca`. */
  readonly systemTrust?: string[];
  readonly cert?: Buffer | string;
  readonly key?: Buffer | string;
  /** Made of those above, so that not every connection makes one. */
  readonly secureContext?: SecureContext;
  readonly rejectUnauthorized: boolean;
  readonly servername?: string;
}
