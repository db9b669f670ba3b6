import type { SecureContext } from 'node:tls';

/** What Node's TLS needs to reach and trust the server, and to be trusted by it. */
export interface TlsSettings {
  readonly ca?: Buffer;
  /** The certificates that the system trusts, in PEM, if there is no `ca`. */
  readonly systemTrust?: string[];
  readonly cert?: Buffer | string;
  readonly key?: Buffer | string;
  /** Made from the fields above once, and not for each connection. */
  readonly secureContext?: SecureContext;
  readonly rejectUnauthorized: boolean;
  readonly servername?: string;
}
