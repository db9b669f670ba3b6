import type { LoginExpired } from './loginRenewals.ts';

/** What a connection reports to the code that shows progress. */
export interface ConnectionEvents {
  /** A request is sent. The returned function is called when it was answered or has failed. */
  readonly onRequest?: () => () => void;
  /**
   * A credential plugin is started, which may prompt the user on the terminal. The returned function is called when it
   * has ended. `renewal` is true if there was a login before.
   */
  readonly onPlugin?: (renewal: boolean) => () => void;
  /** A login was not renewed. The next attempt is made after this many milliseconds, if there is one. */
  readonly onLoginExpired?: (problem: LoginExpired, retryInMs: number | undefined) => void;
}

/** The credentials of a client: an Authorization header, a client certificate with its key, or both. */
export interface Credentials {
  readonly authorization?: string;
  readonly cert?: Buffer | string;
  readonly key?: Buffer | string;
}

/** A source of credentials, which are renewed over time. */
export interface CredentialSource {
  /** The credentials for a request that is sent now. */
  current(): Promise<Credentials>;
  /** Called when the server refused these credentials. Resolves to true if there are others now. */
  renew?(refused: Credentials): Promise<boolean>;
}
