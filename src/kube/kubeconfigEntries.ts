/** kubectl's connection flags by name. An empty value counts as not set. */
export interface ConnectionFlags {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly cluster?: string;
  readonly user?: string;
  readonly namespace?: string;
  readonly server?: string;
  readonly 'certificate-authority'?: string;
  readonly 'insecure-skip-tls-verify'?: boolean;
  readonly 'tls-server-name'?: string;
  readonly token?: string;
  readonly 'client-certificate'?: string;
  readonly 'client-key'?: string;
  readonly username?: string;
  readonly password?: string;
  readonly as?: string;
  readonly 'as-group'?: readonly string[];
  readonly 'as-uid'?: string;
  /** Each in the form `key=value`. */
  readonly 'as-user-extra'?: readonly string[];
}

/** One cluster entry of a kubeconfig. File names are absolute. */
export interface ClusterEntry {
  readonly server: string;
  readonly 'certificate-authority'?: string;
  readonly 'certificate-authority-data'?: string;
  readonly 'insecure-skip-tls-verify'?: boolean;
  readonly 'tls-server-name'?: string;
  readonly 'proxy-url'?: string;
  readonly extensions?: readonly { readonly name: string; readonly extension: unknown }[];
}

/** A credential plugin, as described in a kubeconfig. */
export interface ExecEntry {
  readonly apiVersion?: string;
  readonly command?: string;
  readonly args?: readonly string[] | null;
  readonly env?: readonly { readonly name?: string; readonly value?: string }[] | null;
  readonly interactiveMode?: string;
  readonly provideClusterInfo?: boolean;
  readonly installHint?: string;
}

/** An authentication method that is built into the client: oidc, and those of older kubectl versions. */
export interface AuthProviderEntry {
  readonly name?: string;
  readonly config?: Readonly<Record<string, string>>;
}

/** One user entry of a kubeconfig. File names are absolute. */
export interface UserEntry {
  readonly 'client-certificate'?: string;
  readonly 'client-certificate-data'?: string;
  readonly 'client-key'?: string;
  readonly 'client-key-data'?: string;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly username?: string;
  readonly password?: string;
  readonly as?: string;
  readonly 'as-groups'?: readonly string[];
  readonly 'as-uid'?: string;
  readonly 'as-user-extra'?: Readonly<Record<string, readonly string[]>>;
  readonly exec?: ExecEntry | null;
  readonly 'auth-provider'?: AuthProviderEntry | null;
}
