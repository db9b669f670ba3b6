import type { SecureContext } from 'node:tls';

/** The options for Node's TLS to trust the server, and to authenticate to it. */
export interface TlsSettings {
  readonly ca?: Buffer;
  /** The certificates that the system trusts, in PEM, if `ca` is absent. */
  readonly systemTrust?: string[];
  readonly cert?: Buffer | string;
  readonly key?: Buffer | string;
  /** Created once from the fields above, instead of for each connection. */
  readonly secureContext?: SecureContext;
  readonly rejectUnauthorized: boolean;
  readonly servername?: string;
}
