import type { LoginLost } from './loginLost.ts';

/** What a connection reports to the code that shows progress. */
export interface ConnectionEvents {
  /** A request is sent; what it gives is called when it was answered, or failed. */
  readonly onRequest?: () => () => void;
  /**
   * A credential plugin is started, which may ask the user something on the terminal; what it gives is called
   * when it has ended. `renewal`: there was a login before.
   */
  readonly onPlugin?: (renewal: boolean) => () => void;
  /** A login was not renewed. The next attempt is after this many milliseconds, if there is one. */
  readonly onLoginLost?: (problem: LoginLost, againInMs: number | undefined) => void;
}

/** What lets a client in: an Authorization header, a client certificate with its key, or both. */
export interface Credentials {
  readonly authorization?: string;
  readonly cert?: Buffer | string;
  readonly key?: Buffer | string;
}

/** Where credentials come from, again and again. */
export interface CredentialSource {
  /** The credentials for a request that is made now. */
  current(): Promise<Credentials>;
  /** The server took these no more. Gives whether there are others now. */
  renew?(refused: Credentials): Promise<boolean>;
}
