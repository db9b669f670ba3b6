/** What Node's TLS needs to reach and trust the server, and to be trusted by it. */
export interface TlsSettings {
  readonly ca?: Buffer;
  readonly cert?: Buffer | string;
  readonly key?: Buffer | string;
  readonly rejectUnauthorized: boolean;
  readonly servername?: string;
}
