import type { ConnectionFlags } from '../kube/kubeconfig.ts';

/** A flag of kubectl's that every command of ours takes too. */
export interface KubectlFlag {
  readonly name: keyof ConnectionFlags | 'request-timeout';
  readonly alias?: string;
  readonly type: 'string' | 'boolean' | 'list';
  /** In kubectl's words. */
  readonly describe: string;
  /** Stands in each command's help; the others are listed by `kubectl netdebug options`. */
  readonly common?: boolean;
}

/**
 * The flags of `kubectl options` that choose the server, the user and the namespace. Missing are
 * those about kubectl's own caches and logs, and the short -s for --server, which is tcpdump's here.
 */
export const KUBECTL_FLAGS: readonly KubectlFlag[] = [
  {
    name: 'as',
    type: 'string',
    describe:
      'Username to impersonate for the operation. User could be a regular user or a service account in a namespace.',
  },
  {
    name: 'as-group',
    type: 'list',
    describe:
      'Group to impersonate for the operation, this flag can be repeated to specify multiple groups.',
  },
  { name: 'as-uid', type: 'string', describe: 'UID to impersonate for the operation.' },
  {
    name: 'as-user-extra',
    type: 'list',
    describe:
      'User extras to impersonate for the operation, this flag can be repeated to specify multiple values for the same key.',
  },
  {
    name: 'certificate-authority',
    type: 'string',
    describe: 'Path to a cert file for the certificate authority',
  },
  {
    name: 'client-certificate',
    type: 'string',
    describe: 'Path to a client certificate file for TLS',
  },
  { name: 'client-key', type: 'string', describe: 'Path to a client key file for TLS' },
  { name: 'cluster', type: 'string', describe: 'The name of the kubeconfig cluster to use' },
  {
    name: 'context',
    type: 'string',
    describe: 'The name of the kubeconfig context to use',
    common: true,
  },
  {
    name: 'insecure-skip-tls-verify',
    type: 'boolean',
    describe:
      "If true, the server's certificate will not be checked for validity. This will make your HTTPS connections insecure",
  },
  {
    name: 'kubeconfig',
    type: 'string',
    describe: 'Path to the kubeconfig file to use for CLI requests.',
    common: true,
  },
  {
    name: 'namespace',
    alias: 'n',
    type: 'string',
    describe: 'If present, the namespace scope for this CLI request',
    common: true,
  },
  {
    name: 'password',
    type: 'string',
    describe: 'Password for basic authentication to the API server',
  },
  {
    name: 'request-timeout',
    type: 'string',
    describe:
      "The length of time to wait before giving up on a single server request. Non-zero values should contain a corresponding time unit (e.g. 1s, 2m, 3h). A value of zero means don't timeout requests. Captures and watches last as long as they need.",
  },
  {
    name: 'server',
    type: 'string',
    describe: 'The address and port of the Kubernetes API server',
  },
  {
    name: 'tls-server-name',
    type: 'string',
    describe:
      'Server name to use for server certificate validation. If it is not provided, the hostname used to contact the server is used',
  },
  { name: 'token', type: 'string', describe: 'Bearer token for authentication to the API server' },
  { name: 'user', type: 'string', describe: 'The name of the kubeconfig user to use' },
  {
    name: 'username',
    type: 'string',
    describe: 'Username for basic authentication to the API server',
  },
];
